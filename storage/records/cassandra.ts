import { Chat4AllError } from '@chat4all/protocol'
import { type ArrayOrObject, type Client, type QueryOptions, types } from 'cassandra-driver'
import { behindPrefix, checkList, checkPlace, checkPut, firstVersion, nextVersion } from './place.js'
import type { KeyedRecord, Records, Version } from './port.js'

const RETRY_AFTER_MS = 1_000

/**
 * Records in Cassandra. Every change is a lightweight transaction, and `get` reads at LOCAL_SERIAL: it sees a change
 * whose outcome its writer never learned. The driver repeats none of them (../cassandra/connection.ts): one that was
 * answered late may have been made. A Cassandra that does not answer is UNAVAILABLE to whoever asked.
 *
 * Only UPDATE writes, also a record that is new: INSERT would leave a mark that the row exists, with another time to
 * live than its cells, and an expired record could then neither be read nor be made again.
 *
 * @param random from 0 to below 1
 */
export function cassandraRecords(client: Client, random: () => number = Math.random): Records {
  const WHERE = 'WHERE kind = ? AND partition_name = ? AND key = ?'
  const update = `UPDATE records USING TTL ? SET value = ?, version = ? ${WHERE} IF version = ?`
  const remove = `DELETE FROM records ${WHERE} IF version = ?`
  const get = `SELECT value, version FROM records ${WHERE}`
  const execute = (query: string, values: ArrayOrObject, options: QueryOptions = {}) =>
    client.execute(query, values, options).catch(unavailable)
  const whole = (version: number) => types.Long.fromNumber(version)

  return {
    async get(place) {
      checkPlace(place)
      const { rows } = await execute(get, [place.kind, place.partition, place.key], {
        prepare: true,
        consistency: types.consistencies.localSerial,
      })
      const row = rows[0]
      return row && { value: row.value as Buffer, version: Number(row.version) as Version }
    },

    async put(place, value, expected, options = {}) {
      checkPut(place, value, options)
      const version = expected === undefined ? firstVersion(random) : nextVersion(expected)
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
      const result = await execute(update, [
        options.ttlSeconds ?? 0,
        bytes,
        whole(version),
        place.kind,
        place.partition,
        place.key,
        expected === undefined ? null : whole(expected),
      ])
      return result.wasApplied()
    },

    async remove(place, expected) {
      checkPlace(place)
      const result = await execute(remove, [place.kind, place.partition, place.key, whole(expected)])
      return result.wasApplied()
    },

    async list(partition, range) {
      checkList(partition, range)
      const { after, prefix = '', limit } = range
      const behind = behindPrefix(prefix)
      const conditions = ['kind = ?', 'partition_name = ?']
      const values: unknown[] = [partition.kind, partition.partition]
      const where = (condition: string, value: string) => {
        conditions.push(condition)
        values.push(value)
      }
      // Two lower bounds are not CQL: the higher one.
      if (after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0) where('key > ?', after)
      else if (prefix !== '') where('key >= ?', prefix)
      if (behind !== undefined) where('key < ?', behind)
      const { rows } = await execute(
        `SELECT key, value, version FROM records WHERE ${conditions.join(' AND ')} LIMIT ?`,
        [...values, limit],
        { prepare: true, fetchSize: limit },
      )
      return rows.map(
        (row): KeyedRecord => ({
          key: row.key as string,
          value: row.value as Buffer,
          version: Number(row.version) as Version,
        }),
      )
    },

    close: async () => {},
  }
}

/** Clients are told to come again; operators see in the log what it was. */
function unavailable(cause: unknown): never {
  const error = new Chat4AllError('UNAVAILABLE', 'The store of what is set up does not answer.', RETRY_AFTER_MS)
  error.cause = cause
  throw error
}
