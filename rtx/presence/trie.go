package presence

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// A roster is a hash trie with 32 branches a node. A table changes its own nodes in place. After a
// Roster was handed out, it copies the few nodes on the path of each change instead. So the cost of
// a change does not depend on the size of the room, and a Roster that nobody asks for costs
// nothing.

const (
	branchBits = 5
	hashBits   = 64
)

// seed keeps others from choosing user_ids whose hashes collide.
var seed = maphash.MakeSeed()

func hash(id string) uint64 { return maphash.String(seed, id) }

// An edit marks the nodes that a table may change in place. It must not have size zero: each edit
// needs an address of its own.
type edit struct{ _ byte }

// A node has at each of its 32 places nothing, a member, or a node for members whose hashes agree
// so far. Below the last bits of the hash it is a plain list of members.
type node[T any] struct {
	edit     *edit
	held     uint32 // the places that have a member
	branched uint32 // the places that have a node
	members  []Member[T]
	nodes    []*node[T]
}

// place is the bit of a hash at a depth; rank is where it stands among those that are set.
func place(h uint64, shift uint) uint32 { return 1 << (h >> shift & (1<<branchBits - 1)) }
func rank(set uint32, bit uint32) int   { return bits.OnesCount32(set & (bit - 1)) }
func (n *node[T]) at(id string) int {
	return slices.IndexFunc(n.members, func(m Member[T]) bool { return m.ID == id })
}
func (n *node[T]) lone() (*Member[T], bool) {
	if len(n.nodes) == 0 && len(n.members) == 1 {
		return &n.members[0], true
	}
	return nil, false
}

func (n *node[T]) get(h uint64, id string) (Member[T], bool) {
	for shift := uint(0); shift < hashBits; shift += branchBits {
		bit := place(h, shift)
		if n.held&bit != 0 {
			if m := &n.members[rank(n.held, bit)]; m.ID == id {
				return *m, true
			}
			return Member[T]{}, false
		}
		if n.branched&bit == 0 {
			return Member[T]{}, false
		}
		n = n.nodes[rank(n.branched, bit)]
	}
	if i := n.at(id); i >= 0 {
		return n.members[i], true
	}
	return Member[T]{}, false
}

func (n *node[T]) each(yield func(*Member[T]) bool) bool {
	for i := range n.members {
		if !yield(&n.members[i]) {
			return false
		}
	}
	for _, child := range n.nodes {
		if !child.each(yield) {
			return false
		}
	}
	return true
}

// A table is a roster that can be changed. It is not safe for concurrent use.
type table[T any] struct {
	Roster[T]
	edit *edit
}

// freeze returns the roster as it is now.
func (t *table[T]) freeze() Roster[T] {
	t.edit = nil
	return t.Roster
}

func (t *table[T]) put(m Member[T]) {
	if t.edit == nil {
		t.edit = new(edit)
	}
	if t.root == nil {
		t.root = &node[T]{edit: t.edit}
	}
	t.root = t.insert(t.root, 0, hash(m.ID), m)
}

func (t *table[T]) remove(id string) {
	h := hash(id)
	if t.root == nil {
		return
	}
	if _, ok := t.root.get(h, id); !ok {
		return
	}
	if t.edit == nil {
		t.edit = new(edit)
	}
	t.root = t.delete(t.root, 0, h, id)
	t.n--
}

// own returns n if the table may change it, and else a copy that it may change.
func (t *table[T]) own(n *node[T]) *node[T] {
	if n.edit == t.edit {
		return n
	}
	return &node[T]{
		edit: t.edit, held: n.held, branched: n.branched,
		members: slices.Clone(n.members), nodes: slices.Clone(n.nodes),
	}
}

func (t *table[T]) insert(n *node[T], shift uint, h uint64, m Member[T]) *node[T] {
	n = t.own(n)
	if shift >= hashBits {
		if i := n.at(m.ID); i >= 0 {
			n.members[i] = m
		} else {
			n.members = append(n.members, m)
			t.n++
		}
		return n
	}
	bit := place(h, shift)
	switch {
	case n.branched&bit != 0:
		i := rank(n.branched, bit)
		n.nodes[i] = t.insert(n.nodes[i], shift+branchBits, h, m)
	case n.held&bit == 0:
		n.members = slices.Insert(n.members, rank(n.held, bit), m)
		n.held |= bit
		t.n++
	default:
		i := rank(n.held, bit)
		other := n.members[i]
		if other.ID == m.ID {
			n.members[i] = m
			break
		}
		// Two members at one place: both go a level down. insert counts other once more.
		child := t.insert(&node[T]{edit: t.edit}, shift+branchBits, hash(other.ID), other)
		t.n--
		child = t.insert(child, shift+branchBits, h, m)
		n.members = slices.Delete(n.members, i, i+1)
		n.held &^= bit
		n.nodes = slices.Insert(n.nodes, rank(n.branched, bit), child)
		n.branched |= bit
	}
	return n
}

// delete removes a member that is in the trie. A node that is left with one member is merged into
// its parent.
func (t *table[T]) delete(n *node[T], shift uint, h uint64, id string) *node[T] {
	n = t.own(n)
	if shift >= hashBits {
		i := n.at(id)
		n.members = slices.Delete(n.members, i, i+1)
		return n
	}
	bit := place(h, shift)
	if n.held&bit != 0 {
		i := rank(n.held, bit)
		n.members = slices.Delete(n.members, i, i+1)
		n.held &^= bit
		return n
	}
	i := rank(n.branched, bit)
	child := t.delete(n.nodes[i], shift+branchBits, h, id)
	if m, ok := child.lone(); ok {
		n.nodes = slices.Delete(n.nodes, i, i+1)
		n.branched &^= bit
		n.members = slices.Insert(n.members, rank(n.held, bit), *m)
		n.held |= bit
		return n
	}
	n.nodes[i] = child
	return n
}
