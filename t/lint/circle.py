# SPDX-License-Identifier: LGPL-2.1-or-later
"""Circles in what uses what."""


def find(edges):
    """Strongly connected parts of more than one node, each sorted (Tarjan, without recursion)."""
    order, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in sorted(edges):
        if root in order:
            continue
        work = [(root, None)]
        while work:
            node, successors = work.pop()
            if successors is None:
                order[node] = low[node] = len(order)
                stack.append(node)
                on_stack.add(node)
                successors = iter(sorted(edges.get(node, ())))
            deeper = False
            for nxt in successors:
                if nxt not in order:
                    work += [(node, successors), (nxt, None)]
                    deeper = True
                    break
                if nxt in on_stack:
                    low[node] = min(low[node], order[nxt])
            if deeper:
                continue
            if low[node] == order[node]:
                part = []
                while True:
                    part.append(stack.pop())
                    on_stack.discard(part[-1])
                    if part[-1] == node:
                        break
                if len(part) > 1:
                    found.append(sorted(part))
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
    return found
