/**
 * Results that may be NULL and are dereferenced although nothing has looked at them: found in the order of the text.
 * Any other mention of the variable in between (a condition, a call, a macro, a copy) may be the check, and is taken
 * for it.
 */
import type { Node } from '../c/c-parser.ts'
import { argumentsOf, calleeOf, nodes } from './source.ts'

/** Helpers that return NULL when there is nothing to return (include/uapi/linux/bpf.h, their descriptions). */
const MAY_BE_NULL =
  /^bpf_(?:map_lookup_elem|map_lookup_percpu_elem|ringbuf_reserve|dynptr_data|(?:sk|inode|task|cgrp)_storage_get|sk_fullsock|tcp_sock|get_listener_sock|sk_lookup_(?:tcp|udp)|skc_lookup_tcp|per_cpu_ptr|kptr_xchg)$/

export interface Unchecked {
  readonly helper: string
  /** The variable; undefined where the result itself is dereferenced. */
  readonly variable: string | undefined
  /** The first dereference. */
  readonly at: Node
}

/** Casts and parentheses around a value do not matter. */
function outermost(node: Node): Node {
  let outer = node
  while (outer.parent && /^(?:cast_expression|parenthesized_expression)$/.test(outer.parent.type)) outer = outer.parent
  return outer
}

/** The expression that reads or writes through a pointer: `*p`, `p->field`, `p[0]`; undefined for any other use. */
function dereference(node: Node): Node | undefined {
  const value = outermost(node)
  const { parent } = value
  if (parent?.type === 'pointer_expression' && parent.text.startsWith('*')) return inSizeof(parent) ? undefined : parent
  const argument = parent?.childForFieldName('argument')
  if (argument?.id !== value.id) return undefined
  if (parent?.type === 'field_expression' && parent.childForFieldName('operator')?.text === '->')
    return isAddressOnly(parent) || inSizeof(parent) ? undefined : parent
  return parent?.type === 'subscript_expression' && !isAddressOnly(parent) ? parent : undefined
}

/** `&p->field` computes an address and reads nothing. */
const isAddressOnly = (node: Node): boolean => {
  const value = outermost(node)
  return value.parent?.type === 'pointer_expression' && value.parent.text.startsWith('&')
}

function inSizeof(node: Node): boolean {
  for (let { parent } = node; parent; { parent } = parent)
    if (/^(?:sizeof|offsetof|alignof)_expression$/.test(parent.type)) return true
  return false
}

/** The variable that a call's result is put into. */
function variableOf(call: Node): Node | undefined {
  const value = outermost(call)
  const { parent } = value
  if (parent?.type === 'init_declarator') {
    let name = parent.childForFieldName('declarator')
    while (name && name.type !== 'identifier') name = name.childForFieldName('declarator')
    return name ?? undefined
  }
  const target = parent?.type === 'assignment_expression' ? parent.childForFieldName('left') : undefined
  // In `if ((p = lookup()))` and `while (!(p = lookup()))` the assignment is the check.
  const statement = parent && outermost(parent).parent
  return target?.type === 'identifier' && statement?.type === 'expression_statement' ? target : undefined
}

function unchecked(body: Node, call: Node, helper: string): Unchecked | undefined {
  const direct = dereference(call)
  if (direct) return { helper, variable: undefined, at: direct }
  const variable = variableOf(call)
  if (!variable) return undefined
  const next = nodes(body, 'identifier')
    .filter(({ startIndex, text }) => startIndex >= call.endIndex && text === variable.text)
    .at(0)
  const at = next && dereference(next)
  return at ? { helper, variable: variable.text, at } : undefined
}

/** Dereferences of results that nothing compares with NULL. */
export const uncheckedResults = (root: Node): Unchecked[] =>
  nodes(root, 'function_definition').flatMap((definition) => {
    const body = definition.childForFieldName('body')
    if (!body) return []
    return nodes(body, 'call_expression').flatMap((call) => {
      const helper = calleeOf(call)
      if (helper === undefined || !MAY_BE_NULL.test(helper) || argumentsOf(call).length === 0) return []
      return unchecked(body, call, helper) ?? []
    })
  })
