import type { Endpoint } from '../endpoint.js'
import { deleteAppSecret } from './delete-app-secret.js'
import { getApp } from './get-app.js'
import { getApps } from './get-apps.js'
import { patchApp } from './patch-app.js'
import { postAppSecrets } from './post-app-secrets.js'
import { postApps } from './post-apps.js'

export const APP_ENDPOINTS: readonly Endpoint[] = [postApps, getApps, getApp, patchApp, postAppSecrets, deleteAppSecret]
