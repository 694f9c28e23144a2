/** Where the runs were made, and how anybody can tell that these are they. The end of a report. */
import { methodsOf, spansOf } from './methods.ts'
import type { Manifest } from '../manifest.ts'
import type { ReportRun } from './runs.ts'
import { html, type Html } from './html.ts'

/** Command lines of QEMU that are shown. */
const MOST_COMMANDS = 3

const distinct = (values: readonly string[]): string[] => [...new Set(values)]

/** Values that the runs have, with how many of the looked-at manifests have them where they differ. */
function fact(name: string, values: readonly string[]): Html {
  const groups = [...Map.groupBy(values, (value) => value)]
  return html`<dt>${name}</dt>
    <dd>
      ${groups.map(([value, list]) => html`${value}${groups.length > 1 ? html` <span class="soft">(${list.length} of ${values.length})</span>` : ''}<br />`)}
    </dd> `
}

/** The methods paragraph is Markdown of our own: headings, paragraphs and `code`. */
function methods(manifests: readonly Manifest[], runs: readonly ReportRun[]): Html {
  const paragraphs = methodsOf(manifests, runs).split(/\n+/)
  return html`${paragraphs.map((line) => {
    if (line.trim() === '' || line.startsWith('# ')) return ''
    if (line.startsWith('## ')) return html`<h4>${line.slice(3)}</h4>`
    return html`<p>${spansOf(line).map(({ text, isCode }) => (isCode ? html`<code>${text}</code>` : text))}</p>`
  })}`
}

/** @param manifests the newest of each arm */
export function environmentHtml(manifests: readonly Manifest[], runs: readonly ReportRun[], tool: string): Html {
  const made = manifests.filter(({ imported }) => imported === undefined)
  const [last] = made
  if (last === undefined) return html``
  const qemu = distinct(made.map(({ guest }) => guest.qemu.join(' '))).filter((line) => line !== '')
  return html`<section id="environment">
    <h2>Environment and provenance</h2>
    <dl class="facts">
      ${fact(
        'Host',
        made.map(
          ({ host }) =>
            `${host.name === undefined ? '' : `${host.name}: `}${host.cpu}, ${host.cpus} CPUs, Linux ${host.kernel}, Node ${host.node}`,
        ),
      )}
      ${fact(
        'Accelerator',
        made.map(({ guest }) => `${guest.accel.accel}: ${guest.accel.reason}`),
      )}
      ${fact(
        'Guest',
        made.map(
          ({ image, guest }) => `${image.name} (${image.fingerprint.slice(0, 16)}), clock source ${guest.clocksource}`,
        ),
      )}
      ${fact(
        'Trace',
        made.map(
          ({ trace }) =>
            `clock ${trace.clock}, ${trace.bufferBytes / 2 ** 20} MiB a CPU, ${trace.overwrite === true ? 'the oldest events go when it is full' : 'the newest events are dropped when it is full'}`,
        ),
      )}
      ${fact(
        'Kernel build',
        made.map(({ kernel }) => `${kernel.name}: ${kernel.fingerprint}`),
      )}
      ${fact(
        'Kernel',
        made.map(({ kernel }) => kernel.version),
      )}
      ${fact(
        'Lab',
        made.map(({ lab }) => `${lab.name} (${lab.file.replace(/^.*\//, '')})`),
      )}
      <dt>Report</dt>
      <dd>${tool}</dd>
    </dl>
    ${
      qemu.length === 0
        ? ''
        : html`<details>
            <summary>QEMU command line <span class="soft">of the newest runs</span></summary>
            ${qemu.slice(0, MOST_COMMANDS).map((line) => html`<pre class="wrap" tabindex="0">${line}</pre>`)}
            ${qemu.length > MOST_COMMANDS ? html`<p class="soft">${qemu.length - MOST_COMMANDS} more: <code>lab results show RUN --json</code> has that of each run.</p>` : ''}
          </details>`
    }
    <details>
      <summary>Programs <span class="soft">fingerprints of all that decides what they are</span></summary>
      <pre tabindex="0">
${distinct(made.flatMap(({ objects }) => Object.entries(objects).map(([name, print]) => `${print}  ${name}`))).join(
  '\n',
)}</pre>
    </details>
    <details open>
      <summary>Methods <span class="soft">as text for a paper, from the manifests</span></summary>
      ${methods(made, runs)}
    </details>
    <p class="soft">
      Each run has a manifest with the SHA-256 of its files: <code>lab verify RUN</code> computes them and the verdict
      again, <code>lab export</code> packs runs with all they were made of, <code>lab reproduce RUN</code> builds and
      runs one again.
    </p>
  </section> `
}
