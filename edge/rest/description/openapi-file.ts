import { ENDPOINTS } from '../endpoints.js'
import { openApiDocument } from './openapi.js'

/** The text of docs/api/openapi.json. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(ENDPOINTS), undefined, 2)}\n`
}
