package storetest

// recordDispositionBehaviours proves RecordDisposition, in parts.
func recordDispositionBehaviours(g *group) {
	dispositionTable(g)
}
