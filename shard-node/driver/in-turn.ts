/**
 * Takes the steps of an end, one after the other. One that fails keeps none of the later ones from being taken: a link
 * that does not close must not leave a log open.
 * @throws the error of the step that failed; of several, an AggregateError with all of them.
 */
export async function inTurn(steps: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  const errors: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 0) return
  if (errors.length === 1) throw errors[0]
  throw new AggregateError(errors, `${errors.length} steps failed: ${errors.map(String).join('; ')}`)
}
