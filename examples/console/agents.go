package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial"
)

// agents is a queue.AgentDirectory with everybody in it that the operator named.
type agents struct {
	// first is the one that the examples printed at the start are for.
	first uuid.UUID
	known map[uuid.UUID]bool
}

// AgentExists implements queue.AgentDirectory. Every agent works in every
// campaign.
func (a *agents) AgentExists(_ context.Context, _, agentID uuid.UUID) (bool, error) {
	return a.known[agentID], nil
}

// parseAgents reads the flag -agents: UUIDs separated by commas, or a file with
// one on each line, where a # starts a comment.
func parseAgents(given string) (*agents, error) {
	list := strings.Split(given, ",")
	if _, err := uuid.Parse(strings.TrimSpace(list[0])); err != nil {
		if list, err = readAgents(given); err != nil {
			return nil, err
		}
	}
	directory := &agents{known: map[uuid.UUID]bool{}}
	for _, text := range list {
		id, err := outdial.ParseID("-agents", strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(text), err)
		}
		if directory.first == uuid.Nil {
			directory.first = id
		}
		directory.known[id] = true
	}
	return directory, nil
}

func readAgents(path string) ([]string, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the operator's own
	if err != nil {
		return nil, fmt.Errorf("-agents: neither UUIDs nor a file: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var list []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("-agents: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("-agents: the file names nobody")
	}
	return list, nil
}
