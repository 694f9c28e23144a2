/* Zoom on the pictures of paths: a part of the time over the whole width, by buttons, by keys, or by dragging over the
   part. The labels of the rows stay. Without it the picture shows the whole time. */
'use strict'
{
  const SVG = 'http://www.w3.org/2000/svg'
  const put = (element, values) => {
    for (const [name, value] of Object.entries(values))
      element.setAttribute(name, typeof value === 'number' ? value.toFixed(1) : value)
  }
  /** Round times of an axis with about five of them. */
  const roundTimes = (from, to) => {
    const rough = (to - from) / 5
    const power = 10 ** Math.floor(Math.log10(rough))
    const step = Math.max(1, [1, 2, 5, 10].find((factor) => factor * power >= rough) * power)
    const times = []
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) times.push(time)
    return { times, step }
  }
  const microseconds = (time, step) => `${(time / 1000).toFixed(step < 100 ? 2 : step < 1000 ? 1 : 0)} µs`

  for (const svg of document.querySelectorAll('svg.timeline[data-total]')) {
    const [total, left, right] = ['total', 'left', 'right'].map((name) => Number(svg.dataset[name]))
    const inTicks = svg.dataset.ticks === '1'
    const [line, text] = [svg.querySelector('line[data-axis]'), svg.querySelector('text[data-axis]')]
    if (line === null || text === null || total < 10) continue
    const axis = document.createElementNS(SVG, 'g')
    line.before(axis)
    for (const old of svg.querySelectorAll('[data-axis]')) old.remove()
    const bars = [...svg.querySelectorAll('[data-from]')]
    const [points, labels] = [[...svg.querySelectorAll('[data-at]')], [...svg.querySelectorAll('[data-after]')]]
    let [from, to] = [0, total]
    const x = (time) => left + ((time - from) / (to - from)) * (right - left)
    const show = (element, isShown) => put(element, { visibility: isShown ? 'visible' : 'hidden' })

    const draw = () => {
      const { times, step } = roundTimes(from, to)
      axis.replaceChildren(
        ...times.flatMap((time) => {
          const [rule, name] = [line.cloneNode(), text.cloneNode()]
          put(rule, { x1: x(time), x2: x(time) })
          put(name, { x: x(time) })
          name.textContent = inTicks ? `${Math.round(time)} ticks` : microseconds(time, step)
          return [rule, name]
        }),
      )
      for (const bar of bars) {
        const [begin, end] = [Math.max(from, Number(bar.dataset.from)), Math.min(to, Number(bar.dataset.to))]
        show(bar, end >= begin)
        if (end >= begin) put(bar, { x: x(begin), width: Math.max(1, x(end) - x(begin)) })
      }
      for (const point of points) {
        const at = Number(point.dataset.at)
        show(point, at >= from && at <= to)
        put(point, { x: x(Math.min(to, Math.max(from, at))) - 1.5 })
      }
      for (const [index, label] of labels.entries()) {
        const end = Math.min(to, Number(label.dataset.after))
        show(label, end >= from && Number(bars[index].dataset.from) <= to)
        put(label, { x: x(Math.max(from, end)) + 8 })
      }
      reset.disabled = from === 0 && to === total
      wider.disabled = reset.disabled
      said.textContent = reset.disabled
        ? ''
        : `${inTicks ? `${Math.round(from)} to ${Math.round(to)} ticks` : `${microseconds(from, 1)} to ${microseconds(to, 1)}`} are shown`
    }
    /** A part of the time, moved to where the picture has one. */
    const view = (begin, length) => {
      const width = Math.min(total, Math.max(total / 1000, 10, length))
      from = Math.min(total - width, Math.max(0, begin))
      to = from + width
      draw()
    }
    const zoom = (factor, middle = (from + to) / 2) => view(middle - ((to - from) * factor) / 2, (to - from) * factor)
    const move = (part) => view(from + (to - from) * part, to - from)

    const bar = document.createElement('p')
    bar.className = 'zoom'
    const button = (name, label, work) => {
      const made = document.createElement('button')
      made.type = 'button'
      made.textContent = name
      made.title = label
      made.setAttribute('aria-label', label)
      made.addEventListener('click', work)
      bar.append(made)
      return made
    }
    const ACTIONS = {
      '+': ['Zoom in (+)', () => zoom(0.5)],
      '−': ['Zoom out (-)', () => zoom(2)],
      '←': ['Earlier (left arrow)', () => move(-0.25)],
      '→': ['Later (right arrow)', () => move(0.25)],
      whole: ['The whole time (0)', () => view(0, total)],
    }
    const [, wider, , , reset] = Object.entries(ACTIONS).map(([name, [label, work]]) => button(name, label, work))
    const said = document.createElement('output')
    said.setAttribute('aria-live', 'polite')
    bar.append(said)
    const box = svg.closest('.scroll')
    box.before(bar)
    const KEYS = { '+': '+', '=': '+', '-': '−', ArrowLeft: '←', ArrowRight: '→', 0: 'whole' }
    box.addEventListener('keydown', (event) => {
      const action = KEYS[event.key]
      // Arrows scroll a picture that is wider than the screen, as long as it shows the whole time.
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key.startsWith('Arrow') && reset.disabled) return
      event.preventDefault()
      ACTIONS[action][1]()
    })

    // Dragging over a part of the time shows it.
    const timeAt = (event) => {
      const { left: edge, width } = svg.getBoundingClientRect()
      const inside = ((event.clientX - edge) / width) * svg.viewBox.baseVal.width
      return Math.min(to, Math.max(from, from + ((inside - left) / (right - left)) * (to - from)))
    }
    let begin
    const chosen = document.createElementNS(SVG, 'rect')
    put(chosen, { class: 'chosen', y: 40, height: Math.max(0, svg.viewBox.baseVal.height - 70), visibility: 'hidden' })
    svg.append(chosen)
    svg.addEventListener('pointerdown', (event) => {
      // A finger scrolls.
      if (event.pointerType !== 'mouse' || event.button !== 0) return
      begin = timeAt(event)
      svg.setPointerCapture(event.pointerId)
    })
    svg.addEventListener('pointermove', (event) => {
      if (begin === undefined) return
      const [first, last] = [begin, timeAt(event)].toSorted((a, b) => a - b)
      put(chosen, { x: x(first), width: x(last) - x(first), visibility: 'visible' })
    })
    svg.addEventListener('pointerup', (event) => {
      if (begin === undefined) return
      const [first, last] = [begin, timeAt(event)].toSorted((a, b) => a - b)
      begin = undefined
      put(chosen, { visibility: 'hidden' })
      if (x(last) - x(first) > 4) view(first, last - first)
    })
    svg.addEventListener('pointercancel', () => {
      begin = undefined
      put(chosen, { visibility: 'hidden' })
    })
    draw()
  }
}
