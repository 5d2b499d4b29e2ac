/** What a process without engines keeps in its data folder. */
export { type DataFolder, openDataFolder } from '../data-folder.js'
export {
  type EmbeddedEdgeStorage,
  type EmbeddedStorage,
  type EmbeddedStorageOptions,
  openEmbeddedEdgeStorage,
  openEmbeddedStorage,
} from '../embedded.js'
export { openClassicLevelView } from '../message-view/classic-level.js'
export {
  openSegmentFiles,
  type SegmentFilesOptions,
  type SegmentSizes,
  type TornTail,
} from '../node-log/segment-files.js'
export { openClassicLevelRecords } from '../records/classic-level.js'
export { openSlotFile } from '../slot-table/file.js'
