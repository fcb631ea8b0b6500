// Sql brings events into a database by Watermill: the Subscriber of bridge/watermill, a router, and
// Watermill's own publisher for SQL, with SQLite in a file, which needs no set-up. A gap becomes a row
// of its own, so whoever reads the table knows where something may be missing. The service is a test
// server in this process.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wmsql "github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	_ "modernc.org/sqlite"

	bridge "github.com/realtimex/realtimex-go/bridge/watermill"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// An Order is what the shop publishes.
type Order struct {
	ID int `json:"id"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "realtimex-sql-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "events.db"))
	if err != nil {
		return err
	}
	defer db.Close()

	server, err := rtxtest.Start(rtxtest.WithRecovery(time.Minute))
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		return err
	}
	defer client.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	router, err := route(client, db)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx) }()
	<-router.Running()

	for id := range 20 {
		server.Publish("orders", "order-created", Order{ID: id + 1})
	}
	if err := waitRows(ctx, db, 20); err != nil {
		return err
	}
	server.Restart() // what is published meanwhile is lost, and told
	if err := waitRows(ctx, db, 21); err != nil {
		return err
	}
	server.Publish("orders", "order-created", Order{ID: 21})
	if err := waitRows(ctx, db, 22); err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	return show(db, out)
}

// route is the pipeline: whatever comes on the channel goes into the table, once and in order.
func route(client *rtx.Client, db *sql.DB) (*message.Router, error) {
	subscriber, err := bridge.NewSubscriber(client, bridge.SubscriberConfig{})
	if err != nil {
		return nil, err
	}
	publisher, err := wmsql.NewPublisher(wmsql.BeginnerFromStdSQL(db), wmsql.PublisherConfig{SchemaAdapter: sqlite{}, AutoInitializeSchema: true}, nil)
	if err != nil {
		return nil, err
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return nil, err
	}
	router.AddHandler("orders", "orders", subscriber, "orders", publisher, func(m *message.Message) ([]*message.Message, error) {
		return message.Messages{m}, nil
	})
	return router, nil
}

// waitRows waits until the table has n rows.
func waitRows(ctx context.Context, db *sql.DB, n int) error {
	for {
		var rows int
		// The table is made with the first message.
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM orders`).Scan(&rows); err == nil && rows >= n {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d rows: %w", n, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func show(db *sql.DB, out io.Writer) error {
	rows, err := db.Query(`SELECT place, COALESCE(CAST(payload AS TEXT), ''), COALESCE(metadata ->> 'realtimex_gap', '') FROM orders WHERE place >= 19 ORDER BY place`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var place int
		var payload, gap string
		if err := rows.Scan(&place, &payload, &gap); err != nil {
			return err
		}
		if gap != "" {
			payload = "events may be missing here"
		}
		fmt.Fprintf(out, "row %d: %s\n", place, payload)
	}
	return rows.Err()
}
