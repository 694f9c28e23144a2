/** The programs whose version may change what comes out, and their versions. */
import { toolVersion } from './tool-version.ts'
import { which } from './which.ts'

const TOOLS = ['gcc', 'ld', 'make', 'clang', 'mmdebstrap', 'qemu-system-x86_64'] as const

/** First line of each one's --version; one that is not installed is left out. (trace-cmd has no such option.) */
export async function toolsUsed(cache: string, signal: AbortSignal): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const tool of TOOLS) if (which(tool) !== undefined) found[tool] = await toolVersion(tool, cache, signal)
  return found
}
