/* Sortable tables, filters of long ones, and where in the contents the reader is. Without it the page is whole, and none of these is offered. */
'use strict'
{
  const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
  const valueOf = (row, column) => {
    const cell = row.cells[column]
    return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v
  }
  const compare = (a, b) => {
    // What is not known stands last in both directions.
    if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1
    return undefined
  }
  const sort = (table, column, head) => {
    const up = head.getAttribute('aria-sort') !== 'ascending'
    const number = head.classList.contains('number')
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort')
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending')
    const body = table.tBodies[0]
    const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, column) }))
    rows.sort((a, b) => {
      const known = compare(a.value, b.value)
      if (known !== undefined) return known
      const sign = number ? Number(a.value) - Number(b.value) : order.compare(a.value, b.value)
      return up ? sign : -sign
    })
    body.append(...rows.map(({ row }) => row))
  }
  for (const table of document.querySelectorAll('table.sortable')) {
    if (table.tBodies[0].rows.length < 2) continue
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = head.textContent
      button.addEventListener('click', () => sort(table, column, head))
      head.dataset.head = head.textContent
      head.replaceChildren(button)
    }
  }
  /** A field for a text above a table; the table of runs brings its own form, with more to choose by. */
  const filterForm = (table) => {
    const form = document.createElement('form')
    form.className = 'filters'
    form.setAttribute('role', 'search')
    form.setAttribute('aria-label', 'Filter rows')
    const [label, field, output] = ['label', 'input', 'output'].map((name) => document.createElement(name))
    field.type = 'search'
    field.autocomplete = 'off'
    label.append('rows with ', field)
    output.setAttribute('aria-live', 'polite')
    form.append(label, ' ', output)
    table.closest('.scroll').before(form)
    return form
  }
  const LONG = 10
  const runs = document.querySelector('#runs table')
  for (const table of document.querySelectorAll('table.sortable')) {
    if (table !== runs && table.tBodies[0].rows.length < LONG) continue
    const form = table === runs ? document.querySelector('#runs form.filters') : filterForm(table)
    const [selects, text, said] = [
      form.querySelectorAll('select'),
      form.querySelector('input'),
      form.querySelector('output'),
    ]
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: row.textContent.toLowerCase() }))
    const apply = () => {
      const wanted = [...selects].filter((select) => select.value !== '')
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean)
      let shown = 0
      for (const { row, text: whole } of rows) {
        const fits =
          wanted.every((select) => row.cells[select.dataset.column].textContent.trim() === select.value) &&
          words.every((word) => whole.includes(word))
        row.hidden = !fits
        if (fits) shown++
      }
      said.textContent = `${shown} of ${rows.length} ${table === runs ? 'runs' : 'rows'}`
    }
    form.hidden = false
    form.addEventListener('input', apply)
    form.addEventListener('submit', (event) => event.preventDefault())
    apply()
  }
  // The contents mark the part that is being read: the last one that begins in the upper quarter of the window.
  const links = [...document.querySelectorAll('nav a')].map((link) => ({
    link,
    part: document.getElementById(link.hash.slice(1)),
  }))
  const follow = () => {
    const above = links.filter(({ part }) => part.getBoundingClientRect().top < window.innerHeight / 4)
    const now = above.at(-1) ?? links[0]
    for (const one of links) {
      if (one === now && !one.link.hasAttribute('aria-current')) {
        one.link.setAttribute('aria-current', 'true')
        const box = one.link.closest('nav')
        box.scrollTo({
          left: one.link.offsetLeft - box.clientWidth / 3,
          top: one.link.offsetTop - box.clientHeight / 2,
        })
      }
      if (one !== now) one.link.removeAttribute('aria-current')
    }
  }
  if (links.length > 0) {
    let waiting = false
    document.addEventListener('scroll', () => {
      if (waiting) return
      waiting = true
      requestAnimationFrame(() => {
        waiting = false
        follow()
      })
    })
    follow()
  }
}
