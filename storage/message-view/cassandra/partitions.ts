import type { Seq } from '@chat4all/protocol'

/**
 * Where things of a conversation stand. All tables of the view have the partition key (conversation, bucket). Cassandra
 * takes rows of several tables under one key for one mutation, and what an apply costs is the number of its mutations,
 * hardly what is in them (docs/decisions/0050). So all of a short conversation stands under bucket 0, and an apply to a
 * longer one is two mutations: the bucket of its newest messages, and bucket 0.
 */

/** Messages under one key: a megabyte or two of usual ones. */
const BUCKET_MESSAGES = 2_048
/** Ids under one key: some ten megabytes. Looking for an id asks all of them, so they are few. */
const BUCKET_IDS = 262_144
/** A row of messages never crosses a multiple of this, so the rows that hold a message begin at most so far before it. */
const WINDOW_MESSAGES = 64

/** Where there is one of a kind: the conversation, its members, their cursors. */
export const BASE_BUCKET = 0
/** Beyond it no bucket has a number. */
export const SEQ_MAX = 2 ** 31 * BUCKET_MESSAGES

export const bucketOf = (seq: Seq): number => Math.floor((seq - 1) / BUCKET_MESSAGES)
export const idBucketOf = (seq: Seq): number => Math.floor((seq - 1) / BUCKET_IDS)
export const firstOfBucket = (bucket: number): Seq => (bucket * BUCKET_MESSAGES + 1) as Seq
export const lastOfBucket = (bucket: number): Seq => ((bucket + 1) * BUCKET_MESSAGES) as Seq
export const firstOfWindow = (seq: Seq): Seq => (Math.floor((seq - 1) / WINDOW_MESSAGES) * WINDOW_MESSAGES + 1) as Seq
export const lastOfWindow = (seq: Seq): Seq => (firstOfWindow(seq) + WINDOW_MESSAGES - 1) as Seq
