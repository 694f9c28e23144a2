/** A boot that died of a race in the kernel's own first milliseconds says nothing about the guest: it is made again. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../engine/context.ts'
import { CONSOLE_LOG, consoleSoFar } from './console.ts'

/** The console of a boot that was made again. */
export const FIRST_CONSOLE = 'console.first.log'

/**
 * Panics before the clock of the log runs, by what is on the stack. While setup_IO_APIC() lets the legacy interrupts
 * use the new controller, the timer ticks already; a tick between two of its steps meets a descriptor without data
 * (seen once in some thousand boots of 5.10 under TCG).
 */
const CHANCE: readonly RegExp[] = [
  /\bmask_ioapic_irq\+[^]*\bsetup_IO_APIC\+[^]*^\[ +0\.0+\] Kernel panic - not syncing/m,
]

/** Whether a console ends in a panic that the next boot will not have. */
export const isChance = (console: string): boolean => CHANCE.some((panic) => panic.test(console))

/** Boots, and once more where the first boot died by chance; says so, and keeps its console. */
export async function bootedAgain<T>(
  boot: () => Promise<T>,
  { dir, place }: { readonly dir: string; readonly place: string },
  { emit, signal }: Pick<Context, 'emit' | 'signal'>,
): Promise<T> {
  try {
    return await boot()
  } catch (error) {
    if (signal.aborted || !isChance(await consoleSoFar(dir))) throw error
    await rename(join(dir, CONSOLE_LOG), join(dir, FIRST_CONSOLE))
    emit({
      type: 'notice',
      level: 'warning',
      place,
      text: `the kernel panicked while it set up its interrupts, in a race that few boots lose; it is booted again (${FIRST_CONSOLE} has the panic)`,
    })
    return await boot()
  }
}
