package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	wmsql "github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
)

// sqlite is a schema for Watermill's publisher: a table for each topic. Watermill has one for MySQL and
// one for PostgreSQL. A message that is written again, because its acknowledgement was lost, changes
// nothing.
type sqlite struct{}

func table(topic string) string { return `"` + strings.ReplaceAll(topic, `"`, `""`) + `"` }

func (sqlite) SchemaInitializingQueries(p wmsql.SchemaInitializingQueriesParams) ([]wmsql.Query, error) {
	return []wmsql.Query{{Query: `CREATE TABLE IF NOT EXISTS ` + table(p.Topic) + ` (
		place INTEGER PRIMARY KEY AUTOINCREMENT,
		uuid TEXT NOT NULL UNIQUE,
		payload BLOB,
		metadata TEXT NOT NULL
	)`}}, nil
}

func (sqlite) InsertQuery(p wmsql.InsertQueryParams) (q wmsql.Query, err error) {
	q.Query = `INSERT OR IGNORE INTO ` + table(p.Topic) + ` (uuid, payload, metadata) VALUES ` +
		strings.TrimSuffix(strings.Repeat(`(?, ?, ?),`, len(p.Msgs)), ",")
	for _, m := range p.Msgs {
		metadata, err := json.Marshal(m.Metadata)
		if err != nil {
			return q, err
		}
		q.Args = append(q.Args, m.UUID, []byte(m.Payload), string(metadata))
	}
	return q, nil
}

var errOnlyWrites = errors.New("this schema only writes")

func (sqlite) SelectQuery(wmsql.SelectQueryParams) (wmsql.Query, error) {
	return wmsql.Query{}, errOnlyWrites
}

func (sqlite) UnmarshalMessage(wmsql.UnmarshalMessageParams) (wmsql.Row, error) {
	return wmsql.Row{}, errOnlyWrites
}

func (sqlite) SubscribeIsolationLevel() sql.IsolationLevel { return sql.LevelDefault }
