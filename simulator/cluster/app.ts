import type { AppId } from '@chat4all/protocol'

/** The one app of a simulated cluster. */
export const APP = 'app' as AppId
