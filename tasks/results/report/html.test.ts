import { expect, test } from 'vitest'
import { html, idOf, raw } from './html.ts'

test('what is put in is text, in content and in attributes', () => {
  const hostile = `"><script>alert('x')</script>&`
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</p>',
  )
})

test('templates nest, lists are joined, nothing is nothing', () => {
  expect(html`<ul>${['a', '<b>'].map((item) => html`<li>${item}</li>`)}${undefined}${false}${0}</ul>`.text).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li>0</ul>',
  )
  expect(html`${raw('<svg/>')}`.text).toBe('<svg/>')
})

test('control characters and what reorders text are shown, line ends and tabs stay', () => {
  expect(html`${'a\u001b[2J\u202eb\n\tc\u0000'}`.text).toBe('a\\x1b[2J\\u202eb\n\tc\\x00')
})

test('ids hold nothing that ends an attribute', () => {
  expect(idOf('read_ns', 'by "arm" <1>')).toBe('read-ns-by-arm-1')
})
