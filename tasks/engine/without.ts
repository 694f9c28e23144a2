/** An object without some of its keys. */
export function without<T extends object, K extends keyof T>(from: T, ...keys: readonly K[]): Omit<T, K> {
  const left: Partial<T> = { ...from }
  for (const key of keys) delete left[key]
  return left as Omit<T, K>
}
