//go:build !race

package core

// exploreSteps is how many steps are taken in one kind of world, breadth-first and again at random.
const exploreSteps = 6000
