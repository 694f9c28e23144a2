/** Whether the events of a read came in the same order each time; what is said of it is that of `lab results order`. */
import { orderSummary, orderText, type OrderReport } from '../results/order.ts'
import { html, type Html } from './html.ts'

/** Nothing where no run kept its sequence. */
export function orderHtml(order: OrderReport | undefined): Html {
  if (order === undefined || order.units < 2) return html``
  const lines = orderSummary(order)
  return html`<h3>Order of events</h3>
${lines.map(
  (line) =>
    html`<p>${line
      .trim()
      .replace(/: `lab results order .*$/, '')
      .replace(/^order: /, 'The order of events: ')}.</p>`,
)}
<details><summary>Sequences <span class="soft">${order.units} ${order.per === 'read' ? 'reads' : 'runs'} of ${order.runs} runs, as <code>lab results order</code> says it</span></summary><pre tabindex="0">${orderText(order)}</pre></details>
`
}
