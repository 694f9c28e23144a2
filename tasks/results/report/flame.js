/* Flame graphs: a click on a box makes it as wide as the graph, a word marks the functions that have it in their names. */
'use strict'
{
  const CHARACTER = 6.65
  const shorten = (name, room) => (room < 3 ? '' : name.length <= room ? name : `${name.slice(0, room - 1)}…`)
  for (const svg of document.querySelectorAll('svg.flame')) {
    const width = svg.viewBox.baseVal.width
    const boxes = [...svg.querySelectorAll('g[data-x]')].map((group) => {
      const title = group.querySelector('title').textContent
      return {
        group,
        title,
        name: title.slice(0, Number(group.dataset.n)),
        rect: group.querySelector('rect'),
        text: group.querySelector('text'),
        x: Number(group.dataset.x),
        width: Number(group.dataset.w),
        depth: Number(group.dataset.d),
      }
    })
    if (boxes.length < 2) continue
    const controls = document.createElement('form')
    controls.className = 'flame-controls'
    const whole = document.createElement('button')
    whole.type = 'button'
    whole.textContent = 'Whole graph'
    whole.disabled = true
    const search = document.createElement('input')
    search.type = 'search'
    search.placeholder = 'Find a function'
    search.setAttribute('aria-label', 'Find a function in the flame graph')
    const said = document.createElement('output')
    controls.append(whole, search, said)
    controls.addEventListener('submit', (event) => event.preventDefault())
    svg.closest('figure').prepend(controls)
    const zoom = (to) => {
      for (const box of boxes) {
        const outer = box.depth < to.depth && box.x <= to.x + 1e-9 && box.x + box.width >= to.x + to.width - 1e-9
        const inside = box.x >= to.x - 1e-9 && box.x + box.width <= to.x + to.width + 1e-9 && box.depth >= to.depth
        box.group.setAttribute('display', outer || inside ? 'inline' : 'none')
        if (!outer && !inside) continue
        const [left, wide] = outer ? [0, width] : [((box.x - to.x) / to.width) * width, (box.width / to.width) * width]
        box.rect.setAttribute('x', left.toFixed(2))
        box.rect.setAttribute('width', Math.max(wide - 0.5, 0.3).toFixed(2))
        box.text.setAttribute('x', (left + 4).toFixed(2))
        box.text.textContent = shorten(box.name, Math.floor((wide - 8) / CHARACTER))
        box.group.classList.toggle('outer', outer)
      }
      whole.disabled = to === boxes[0]
    }
    const find = () => {
      const word = search.value.trim().toLowerCase()
      // A function below another one that was found is part of it.
      let share = 0
      const found = []
      for (const box of boxes) {
        const fits = word !== '' && box.depth > 0 && box.name.toLowerCase().includes(word)
        box.group.classList.toggle('found', fits)
        if (!fits) continue
        if (!found.some((one) => one.x <= box.x + 1e-9 && one.x + one.width >= box.x + box.width - 1e-9)) {
          share += box.width
          found.push(box)
        }
      }
      said.textContent = word === '' ? '' : `${(100 * share).toFixed(1)}% of the graph`
    }
    for (const box of boxes) {
      const act = () => zoom(box)
      box.group.setAttribute('tabindex', box.width > 0.02 ? '0' : '-1')
      box.group.addEventListener('click', act)
      box.group.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') act()
        if (event.key === 'Escape') zoom(boxes[0])
      })
      const show = () => (said.textContent = box.title)
      box.group.addEventListener('pointerenter', show)
      box.group.addEventListener('focus', show)
    }
    svg.addEventListener('pointerleave', find)
    whole.addEventListener('click', () => zoom(boxes[0]))
    search.addEventListener('input', find)
    svg.classList.add('live')
    // Paper shows everything.
    window.addEventListener('beforeprint', () => zoom(boxes[0]))
  }
}
