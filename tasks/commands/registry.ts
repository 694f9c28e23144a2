/** Every command by its name, in the order of `lab --help`; its code is loaded when it is called. */
import type { Command } from './command.ts'

export const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  init: () => import('./init.ts'),
  check: () => import('./check.ts'),
  doctor: () => import('./doctor.ts'),
  plan: () => import('./plan.ts'),
  build: () => import('./build.ts'),
  up: () => import('./up.ts'),
  down: () => import('./down.ts'),
  run: () => import('./run.ts'),
  task: () => import('./task.ts'),
  jobs: () => import('./jobs.ts'),
  bisect: () => import('./bisect.ts'),
  ps: () => import('./ps.ts'),
  gc: () => import('./gc.ts'),
  ssh: () => import('./ssh.ts'),
  exec: () => import('./exec.ts'),
  cp: () => import('./cp.ts'),
  console: () => import('./console.ts'),
  gdb: () => import('./gdb.ts'),
  crash: () => import('./crash.ts'),
  results: () => import('./results.ts'),
  trace: () => import('./trace.ts'),
  diff: () => import('./diff.ts'),
  maps: () => import('./maps.ts'),
  explain: () => import('./explain.ts'),
  verify: () => import('./verify.ts'),
  export: () => import('./export.ts'),
  merge: () => import('./merge.ts'),
  lock: () => import('./lock.ts'),
  reproduce: () => import('./reproduce.ts'),
  tracepoint: () => import('./tracepoint.ts'),
  symbols: () => import('./symbols.ts'),
  import: () => import('./import.ts'),
  query: () => import('./query.ts'),
  report: () => import('./report.ts'),
  kernels: () => import('./kernels.ts'),
  cache: () => import('./cache.ts'),
  schema: () => import('./schema.ts'),
  mcp: () => import('./mcp.ts'),
  completion: () => import('./completion.ts'),
}

/** @returns the declaration of a command that there is */
export async function loadCommand(name: string): Promise<Command> {
  const load = COMMANDS[name]
  if (load === undefined) throw new Error(`there is no command ${name}`)
  return (await load()).command
}
