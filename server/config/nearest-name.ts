/** The candidate that a typing mistake most likely meant: at most `editsMax` letters away; undefined when none is. */
export function nearestName(given: string, candidates: Iterable<string>, editsMax = 3): string | undefined {
  let nearest: string | undefined
  let editsOfNearest = editsMax + 1
  for (const candidate of candidates) {
    const edits = editsBetween(given, candidate)
    if (edits < editsOfNearest) {
      nearest = candidate
      editsOfNearest = edits
    }
  }
  return nearest
}

/** Letters to insert, delete, replace, or swap with their neighbour. */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1)
      }
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
