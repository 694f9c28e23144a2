/** One file for one web page of this host's browser: over loopback, to one origin, until it was fetched. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { codeOf, interrupted, labError, messageOf } from '../engine/error.ts'

const ADDRESS = '127.0.0.1'

/** Where a file is to be fetched. */
export interface Offer {
  readonly port: number
  /** Below the root, with the slash. */
  readonly path: string
  /** The origin of the page that may read it: `https://ui.perfetto.dev`. */
  readonly origin: string
}

/**
 * Serves a file until somebody has fetched the whole of it. Nothing else is served, no other origin may read it, and
 * nobody on another host reaches it. A page whose own name was made to point at this host (DNS rebinding) would be of
 * the same origin: so the request has to name the address, which no such page does.
 * @param ready is called when it can be fetched
 * @throws a lab's Failure for a port that somebody else has
 */
export async function serveOnce(
  file: string,
  { port, path, origin }: Offer,
  signal: AbortSignal,
  ready: () => void,
): Promise<void> {
  const { size } = await stat(file)
  const fetched = Promise.withResolvers<void>()
  // A browser that goes away in the middle asks again, or its user does.
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Cache-Control', 'no-store')
    const isMeant = request.method === 'GET' && request.url === path && request.headers.host === `${ADDRESS}:${port}`
    if (!isMeant) return void response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size })
    pipeline(createReadStream(file), response).then(fetched.resolve, () => undefined)
  })
  server.once('error', (error) => {
    const fact =
      codeOf(error) === 'EADDRINUSE'
        ? `port ${port} of this host is in use`
        : `nothing can be served: ${messageOf(error)}`
    fetched.reject(labError({ place: `${ADDRESS}:${port}`, fact, wayOut: 'end what uses it, or write a file' }, error))
  })
  const stop = () => fetched.reject(interrupted())
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  server.listen(port, ADDRESS, ready)
  try {
    await fetched.promise
  } finally {
    signal.removeEventListener('abort', stop)
    server.close()
    server.closeAllConnections()
  }
}
