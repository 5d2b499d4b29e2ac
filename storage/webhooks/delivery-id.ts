/**
 * Ids of deliveries: `evt_`, the event's time in base 36, and what tells it from others. The time in it lets history be
 * searched near where the event must stand.
 */

const TIME_CHARACTERS = 9
const FORM = /^evt_([0-9a-z]{9})[0-9a-f]{32}$/

/** @param digest 32 hexadecimal digits that follow from the event and the webhook */
export function deliveryId(time: number, digest: string): string {
  return `evt_${time.toString(36).padStart(TIME_CHARACTERS, '0')}${digest}`
}

/** When the event of a delivery was; undefined when it is no id of a delivery. */
export function timeOfDelivery(id: string): number | undefined {
  const [, time] = FORM.exec(id) ?? []
  return time === undefined ? undefined : Number.parseInt(time, 36)
}
