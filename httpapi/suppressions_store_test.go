package httpapi_test

import (
	"context"

	"github.com/outdial/outdial/suppression"
)

// suppressing is what the fake store answers about suppressions.
type suppressing struct {
	added    suppression.AddResult
	removed  suppression.RemoveResult
	consent  suppression.ConsentResult
	found    suppression.FindResult
	matched  suppression.MatchResult
	entries  suppression.ListResult
	imported suppression.Import
	imports  []suppression.Import
	swept    suppression.SweepResult
	// unwilling, when set, is what a change of the list is refused with.
	unwilling error
}

var _ suppression.Store = (*fakeStore)(nil)

// change remembers what was asked for and refuses it if it is to.
func (f *fakeStore) change(ctx context.Context, params any) error {
	if err := f.call(ctx, params); err != nil {
		return err
	}
	return f.unwilling
}

func (f *fakeStore) AddSuppressions(ctx context.Context, p suppression.AddParams) (suppression.AddResult, error) {
	return f.added, f.change(ctx, p)
}

func (f *fakeStore) RemoveSuppressions(ctx context.Context, p suppression.RemoveParams) (suppression.RemoveResult, error) {
	return f.removed, f.change(ctx, p)
}

func (f *fakeStore) RevokeConsent(ctx context.Context, p suppression.ConsentParams) (suppression.ConsentResult, error) {
	return f.consent, f.change(ctx, p)
}

func (f *fakeStore) RestoreConsent(ctx context.Context, p suppression.ConsentParams) (suppression.ConsentResult, error) {
	return f.consent, f.change(ctx, p)
}

func (f *fakeStore) FindSuppressions(ctx context.Context, p suppression.FindParams) (suppression.FindResult, error) {
	return f.found, f.change(ctx, p)
}

func (f *fakeStore) MatchSuppressions(ctx context.Context, p suppression.MatchParams) (suppression.MatchResult, error) {
	return f.matched, f.call(ctx, p)
}

func (f *fakeStore) ListSuppressions(ctx context.Context, p suppression.ListParams) (suppression.ListResult, error) {
	return f.entries, f.call(ctx, p)
}

func (f *fakeStore) BeginImport(ctx context.Context, p suppression.BeginImportParams) (suppression.Import, error) {
	return f.imported, f.change(ctx, p)
}

func (f *fakeStore) ImportSuppressions(ctx context.Context, p suppression.ImportParams) (suppression.Import, error) {
	if err := f.change(ctx, p); err != nil {
		return suppression.Import{}, err
	}
	f.imported.Checkpoint = p.To
	f.imported.Added += int64(len(p.Entries))
	if p.Complete {
		f.imported.CompletedAt = p.Now
	}
	return f.imported, nil
}

func (f *fakeStore) ListImports(ctx context.Context) ([]suppression.Import, error) {
	return f.imports, f.call(ctx, "ListImports")
}

func (f *fakeStore) PurgeSuppressed(ctx context.Context, p suppression.PurgeParams) (suppression.PurgeResult, error) {
	return suppression.PurgeResult{}, f.call(ctx, p)
}

func (f *fakeStore) SweepSuppressed(ctx context.Context, p suppression.SweepParams) (suppression.SweepResult, error) {
	return f.swept, f.call(ctx, p)
}
