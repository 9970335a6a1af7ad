package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

type settingRow struct {
	bun.BaseModel `bun:"table:settings"`
	Name          string `bun:"name,pk"`
	Body          string `bun:"body"`
	UpdatedAt     int64  `bun:"updated_at"`
}

// Setting reads one part of the desk's settings into a value; one that was
// never saved leaves it as it is.
func (t *Tenant) Setting(ctx context.Context, name string, into any) error {
	var row settingRow
	err := t.db.NewSelect().Model(&row).Where("name = ?", name).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(row.Body), into); err != nil {
		return fmt.Errorf("settings %s: %w", name, err)
	}
	return nil
}

// SaveSetting stores one part of the desk's settings.
func (t *Tenant) SaveSetting(ctx context.Context, name string, value any) error {
	return t.saveSetting(ctx, t.db, name, value)
}

func (t *Tenant) saveSetting(ctx context.Context, db bun.IDB, name string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	row := settingRow{Name: name, Body: string(body), UpdatedAt: t.now().UnixMilli()}
	return t.put(ctx, db, &row, "name")
}

// put updates the row of its key, or makes it. The insert comes second: in
// InnoDB the other way round locks a gap against whoever does the same.
func (t *Tenant) put(ctx context.Context, db bun.IDB, row any, keys ...string) error {
	update := func() (bool, error) {
		res, err := db.NewUpdate().Model(row).ExcludeColumn(keys...).WherePK().Exec(ctx)
		return touched(res, err)
	}
	if found, err := update(); found || err != nil {
		return err
	}
	_, err := db.NewInsert().Model(row).Exec(ctx)
	if t.dialect.duplicate(err) { // somebody was faster
		_, err = update()
	}
	return err
}
