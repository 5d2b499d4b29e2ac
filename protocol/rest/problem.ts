import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../errors.js'

/** Every REST error, as RFC 9457 has it. Programs act on `code` (errors.ts says what to do), people read `detail`. */
export const problem = z
  .object({
    type: z.string().meta({ description: 'Where the fault is explained.', example: '/docs/errors#BUSY' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({
        description: 'Which fields are wrong, and how. `path` is a JSON Pointer into the body, or a parameter.',
      }),
    retry_after: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Milliseconds to wait; the header Retry-After says the same in seconds, rounded up.' }),
    'violated-policies': z
      .array(z.string())
      .optional()
      .meta({ description: 'Of RATE_LIMITED: which limit was reached, as the header RateLimit-Policy names it.' }),
    request_id: z
      .string()
      .optional()
      .meta({ description: 'The same as in the header x-request-id: look for it in logs.' }),
    error: z.string().optional().meta({ description: 'Only of POST /auth/token: the error code of RFC 6749.' }),
  })
  .meta({ id: 'Problem' })

export type Problem = z.output<typeof problem>
