import type { ClusterStatus, NodeStatus } from '@chat4all/server/cluster'
import { printable } from '../terminal/printable.js'
import { Styles } from '../terminal/styles.js'

const UNKNOWN = '–'

/** The status as a table for people: one line per node, then edges, slots and what could not be asked. */
export function statusLines(status: ClusterStatus, out: { readonly isTTY?: boolean }): string[] {
  const styles = new Styles(out.isTTY === true)
  const { cluster, nodes, edges, slots, problems } = status
  const lines = [styles.bold(`${cluster}: ${nodes.length} shard-nodes, ${edges.length} edges`), '']
  lines.push(
    ...table(
      [
        'NODE',
        'HEALTH',
        'WEIGHT',
        'SLOTS',
        'DESIRED',
        'EPOCH',
        'IN VIEW',
        'PUBLISHED',
        'LAG',
        'HANDOFFS',
        'P50',
        'P99',
        'LINKS',
        'LOG',
      ],
      nodes.map(nodeCells),
    ).map((line, i) => styleOf(styles, i === 0 ? undefined : nodes[i - 1]!, line)),
  )
  for (const { node, note } of nodes) if (note) lines.push(styles.fault(`${node}: ${printable(note.trim())}`))
  lines.push('')
  lines.push(
    ...table(
      ['EDGE', 'HEALTH', 'HTTP', 'VERSION'],
      edges.map(({ edge, health, http, version }) => [edge, health, http ?? UNKNOWN, version ?? UNKNOWN]),
    ),
  )
  lines.push(
    '',
    `slots: ${shown(slots.owned)} owned, ${shown(slots.moving)} on their way, ${shown(slots.orphaned)} of dead nodes`,
  )
  for (const problem of problems) lines.push(styles.fault(printable(problem)))
  return lines
}

function nodeCells(node: NodeStatus): string[] {
  const { metrics, cursors } = node
  const weight = node.weight === undefined ? UNKNOWN : `${node.weight}${node.weightOverridden ? ' (set)' : ''}`
  return [
    node.node,
    node.draining && node.health === 'passing' ? 'draining' : node.health,
    weight,
    shown(node.slotsOwned),
    shown(node.slotsDesired),
    shown(node.epochMax),
    shown(cursors?.materialised),
    shown(cursors?.published),
    metrics === undefined ? UNKNOWN : `${metrics.viewLagBytes} B`,
    shown(metrics?.handoffs.count),
    pause(metrics?.handoffs.count, metrics?.handoffs.pauseMsP50),
    pause(metrics?.handoffs.count, metrics?.handoffs.pauseMsP99),
    shown(metrics?.links),
    node.log ?? UNKNOWN,
  ]
}

function pause(count: number | undefined, ms: number | null | undefined): string {
  if (count === undefined || count === 0) return UNKNOWN
  return ms === null || ms === undefined ? '> 2.5 s' : `≤ ${ms} ms`
}

const shown = (value: number | undefined): string => (value === undefined ? UNKNOWN : String(value))

function styleOf(styles: Styles, node: NodeStatus | undefined, line: string): string {
  if (node === undefined) return styles.dim(line)
  return node.health === 'passing' ? line : styles.fault(line)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows].map((cells) => cells.map(printable))
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)))
  return all.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}
