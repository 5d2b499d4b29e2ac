import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import {
  type EmbeddedObjects,
  ObjectStores,
  openEmbeddedObjects,
  type PlacedStore,
  type StoreId,
} from '@chat4all/storage'
import type { Config } from '../config/settings.js'
import type { RoleContext } from '../roles/role.js'
import type { Teardown } from '../roles/teardown.js'

export interface FileStores {
  readonly objects: ObjectStores
  /** Whose addresses the edges' port has to answer; undefined with S3. */
  readonly embedded: EmbeddedObjects | undefined
  /** Origins that pages of this server load files from and send them to. */
  readonly origins: readonly string[]
}

/**
 * The stores of files; all edges of a process share them. Undefined: an edge among others, without a store that the
 * others have too.
 */
export async function openFileStores(
  context: RoleContext,
  tokenKey: Uint8Array,
  teardown: Teardown,
): Promise<FileStores | undefined> {
  const { config, logger } = context
  if (config.s3 === undefined && config.cassandra !== undefined) {
    logger.warn('this edge keeps no files: give CHAT4ALL_S3, a store that all edges reach')
    return undefined
  }
  const embedded = config.s3 === undefined ? await openFolder(config, tokenKey) : undefined
  const placed = embedded ? [{ id: 'folder' as StoreId, weight: 1, store: embedded }] : await s3Stores(context)
  const objects = new ObjectStores(placed, {
    copies: config.fileCopies,
    onHealth(store, healthy, error) {
      if (healthy) logger.info({ store }, 'an object store answers')
      else logger.warn({ store, err: error }, 'an object store does not answer: new files go to others')
    },
  })
  teardown.add(() => objects.close())
  void objects.look()
  return { objects, embedded, origins: (config.s3 ?? []).map(({ endpoint }) => new URL(endpoint).origin) }
}

function openFolder(config: Config, tokenKey: Uint8Array): Promise<EmbeddedObjects> {
  return openEmbeddedObjects({
    folder: join(config.dataDir, 'files'),
    // A key for this alone, that all edges of the process have, and have again after a restart.
    key: createHmac('sha256', tokenKey).update('presigned addresses of files').digest(),
    ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
  })
}

async function s3Stores({ config, logger }: RoleContext): Promise<PlacedStore[]> {
  const { openS3 } = await import('@chat4all/storage/s3')
  const { s3, s3AccessKey, s3SecretKey, s3Bucket: bucket, s3Region: region, fileOrigins } = config
  return s3!.map(({ id, endpoint, weight }) => ({
    id: id as StoreId,
    weight,
    store: openS3({
      endpoint,
      accessKey: s3AccessKey!,
      secretKey: s3SecretKey!,
      bucket,
      region,
      corsOrigins: fileOrigins ?? ['*'],
      onCorsRefused: (error) =>
        logger.warn(
          { store: id, err: error },
          'the bucket takes no CORS rules: set them there, or browsers send nothing',
        ),
    }),
  }))
}
