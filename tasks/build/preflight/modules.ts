/** What the modules of an experiment add to its kernel. */
import { readFile } from 'node:fs/promises'
import { moduleFacts, type ModuleFacts } from '../../linux/symbols/module-facts.ts'
import type { BuiltModule } from '../module/module.ts'

/** @throws ElfError for a file that is no module */
export const factsOfModules = async (modules: readonly BuiltModule[]): Promise<ModuleFacts[]> =>
  await Promise.all(modules.map(async ({ file, module }) => moduleFacts(await readFile(file), module)))
