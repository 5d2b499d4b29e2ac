import { element } from '../app/dom.js'
import { colourOf, type Move, movesBetween, type Ring, stateOf } from './ring.js'

const LOOK_MS = 1_000
const SLOTS_A_ROW = 32
const CELL = 16
const MOVES_KEPT = 40

const root = document.getElementById('console')!
let token = sessionStorage.getItem('operator-token') ?? ''
let last: Ring | undefined
const moves: Move[] = []
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })

if (token === '') askForToken()
else void look()

function askForToken(fault?: string): void {
  const input = element('input', { type: 'password', autocomplete: 'off', 'aria-label': 'Operator token' })
  const submit = (event: Event): void => {
    event.preventDefault()
    token = input.value.trim()
    sessionStorage.setItem('operator-token', token)
    void look()
  }
  root.replaceChildren(
    element(
      'form',
      { submit },
      element('h1', {}, 'Operator’s console'),
      element('label', {}, 'The operator’s token (CHAT4ALL_METRICS_TOKEN, or data/operator-token)', input),
      ...(fault === undefined ? [] : [element('p', { class: 'fault' }, fault)]),
      element('button', { type: 'submit' }, 'Look'),
    ),
  )
  input.focus()
}

async function look(): Promise<void> {
  try {
    const response = await fetch('/ring', { headers: { authorization: `Bearer ${token}` } })
    if (response.status === 401) return askForToken('This token is not the operator’s.')
    const body = (await response.json()) as Ring & { readonly detail?: string }
    if (response.ok) seen(body)
    else show(last, body.detail ?? `the server answers ${response.status}`)
  } catch {
    show(last, 'the server does not answer')
  }
  setTimeout(() => void look(), LOOK_MS)
}

function seen(ring: Ring): void {
  if (last !== undefined) moves.unshift(...movesBetween(last, ring))
  moves.length = Math.min(moves.length, MOVES_KEPT)
  last = ring
  show(ring)
}

function show(ring: Ring | undefined, fault?: string): void {
  const { text, good } = ring === undefined ? { text: 'nothing is known yet', good: false } : stateOf(ring)
  root.replaceChildren(
    element(
      'header',
      {},
      element('h1', {}, 'Slots and their owners'),
      element('span', { class: fault === undefined && good ? 'state' : 'state bad', role: 'status' }, fault ?? text),
      element('span', { class: 'state' }, ring === undefined ? '' : `as of ${time.format(ring.at)}`),
    ),
    ...(ring === undefined
      ? []
      : [element('main', {}, slotsOf(ring), element('div', { class: 'stack' }, nodesOf(ring), movesOf()))]),
  )
}

/** One cell per slot, in the colour of its owner; a corner shows to whom it is to go. */
function slotsOf({ owners, desired, nodes }: Ring): HTMLElement {
  const rows = Math.ceil(owners.length / SLOTS_A_ROW)
  const canvas = element('canvas', { role: 'img', 'aria-label': 'Owner of each slot' })
  canvas.width = SLOTS_A_ROW * CELL
  canvas.height = rows * CELL
  const pen = canvas.getContext('2d')!
  for (const [slot, owner] of owners.entries()) {
    const [x, y] = [(slot % SLOTS_A_ROW) * CELL, Math.floor(slot / SLOTS_A_ROW) * CELL]
    pen.globalAlpha = nodes[owner]?.alive === true ? 1 : 0.35
    pen.fillStyle = colourOf(owner)
    pen.fillRect(x + 1, y + 1, CELL - 2, CELL - 2)
    pen.globalAlpha = 1
    if (desired[slot] === owner || desired[slot] === -1) continue
    pen.fillStyle = colourOf(desired[slot]!)
    pen.beginPath()
    pen.moveTo(x + CELL - 1, y + 1)
    pen.lineTo(x + CELL - 1, y + CELL - 1)
    pen.lineTo(x + 1, y + CELL - 1)
    pen.fill()
  }
  return element('section', {}, element('h2', {}, `${owners.length} slots`), canvas)
}

function nodesOf({ nodes }: Ring): HTMLElement {
  const head = element(
    'tr',
    {},
    element('th', {}, 'node'),
    element('th', {}, 'address'),
    element('th', { class: 'number' }, 'weight'),
    element('th', { class: 'number' }, 'slots'),
    element('th', { class: 'number' }, 'wanted'),
    element('th', {}, 'log'),
    element('th', { class: 'number' }, 'in the view'),
    element('th', { class: 'number' }, 'published'),
  )
  const rows = nodes.map(({ node, alive, address, weight, slots, wanted, logs }, index) => {
    const swatch = element('span', { class: 'swatch' })
    swatch.style.backgroundColor = colourOf(index)
    const state = alive ? (weight === 0 ? 'draining' : address) : 'gone'
    const newest = logs[0]
    return element(
      'tr',
      {},
      element('td', {}, swatch, node),
      element('td', { class: alive ? '' : 'state bad' }, state ?? ''),
      element('td', { class: 'number' }, String(weight)),
      element('td', { class: 'number' }, String(slots)),
      element('td', { class: 'number' }, String(wanted)),
      element(
        'td',
        { class: 'log' },
        logs.length > 1 ? `${newest!.log} and ${logs.length - 1} more` : (newest?.log ?? ''),
      ),
      element('td', { class: 'number' }, newest === undefined ? '' : String(newest.materialised)),
      element('td', { class: 'number' }, newest === undefined ? '' : String(newest.published)),
    )
  })
  return element('section', {}, element('h2', {}, 'Nodes'), element('table', {}, head, ...rows))
}

function movesOf(): HTMLElement {
  const items = moves.map(({ at, from, to, slots }) =>
    element('li', {}, element('time', {}, time.format(at)), `${slots} from ${from} to ${to}`),
  )
  const none = element('li', { class: 'state' }, 'none since this page was opened')
  return element('section', {}, element('h2', {}, 'Moves'), element('ol', {}, ...(items.length > 0 ? items : [none])))
}
