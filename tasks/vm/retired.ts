/**
 * Guests whose kernel has reported a bug: nothing that comes after can be trusted, so that nobody runs anything in them
 * again.
 */
import type { Guest } from '../host/ssh.ts'

const reasons = new WeakMap<Guest, string>()

/** @param why in words: "a WARNING in demo_check (dmesg line 412)" */
export const retire = (guest: Guest, why: string): void => void reasons.set(guest, why)

/** Why a guest is not to be used again, or undefined. */
export const retiredBecause = (guest: Guest): string | undefined => reasons.get(guest)
