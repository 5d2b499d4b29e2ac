import type { KeyedRecord, Partition, Place, Records, StoredRecord, Version } from '@chat4all/storage'
import { checkList, checkPlace, checkPut } from '@chat4all/storage/contracts'

/** Records in memory, without times to live: for tests. They refuse what the adapters refuse. */
export function memoryRecords(): Records {
  const kept = new Map<string, Map<string, StoredRecord>>()
  let versions = 0
  const partitionOf = ({ kind, partition }: Partition) => {
    const name = `${kind}\0${partition}`
    const found = kept.get(name) ?? new Map<string, StoredRecord>()
    kept.set(name, found)
    return found
  }
  const holds = (place: Place, expected: Version | undefined) => partitionOf(place).get(place.key)?.version === expected
  return {
    async get(place) {
      checkPlace(place)
      return partitionOf(place).get(place.key)
    },
    async put(place, value, expected, options = {}) {
      checkPut(place, value, options)
      if (!holds(place, expected)) return false
      partitionOf(place).set(place.key, { value, version: ++versions as Version })
      return true
    },
    async remove(place, expected) {
      checkPlace(place)
      return holds(place, expected) && partitionOf(place).delete(place.key)
    },
    async list(partition, range) {
      checkList(partition, range)
      const { limit, after, prefix = '' } = range
      return [...partitionOf(partition)]
        .map(([key, record]): KeyedRecord => ({ key, ...record }))
        .filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, limit)
    },
    close: async () => {},
  }
}
