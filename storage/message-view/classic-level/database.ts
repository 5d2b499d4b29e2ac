import { ClassicLevel } from 'classic-level'

export type Database = ClassicLevel<Buffer, Buffer>

/** A change to one row, part of an atomic batch. Of two changes to a row, the later one counts. */
export type RowChange =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

const MEGABYTE = 1024 * 1024

/** Opens LevelDB as the view needs it; the figures are those that its bench liked best (docs/decisions/0011). */
export async function openDatabase(folder: string): Promise<Database> {
  const database: Database = new ClassicLevel(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 32 * MEGABYTE,
    maxFileSize: 16 * MEGABYTE,
    cacheSize: 32 * MEGABYTE,
  })
  await database.open()
  return database
}
