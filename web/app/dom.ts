type Attributes = { readonly [name: string]: string | boolean | ((event: Event) => void) | undefined }

/**
 * Makes an element: strings become text nodes, never markup, so nothing that a user wrote is ever parsed as HTML.
 * Attributes that are functions listen to the event of that name; `true` sets an empty attribute, `false` none.
 */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string | undefined)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'function') made.addEventListener(key, value)
    else made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children.filter((child) => child !== undefined))
  return made
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

export function timeOfDay(millis: number): string {
  return clock.format(millis)
}

export function dayOf(millis: number): string {
  return date.format(millis)
}
