// routes/queues.js
const express = require('express');
const { Pool } = require('pg');
const router = express.Router();
const pool = new Pool({ connectionString: process.env.DATABASE_URL });

// Feature flag util (wire to your config store/env)
const isEnabled = (flag) => process.env.FEATURE_FLAGS?.split(',').includes(flag);

function requireRole(role) {
  return (req, res, next) => next(); // TODO: enforce with your RBAC
}

router.post('/campaigns/:campaignId/queues/set', async (req, res) => {
  if (!isEnabled('queue_replace_v1')) return res.status(404).json({error:'not_found'});
  const campaignId = req.params.campaignId;
  const { agent_id, filters = {}, per_account_cap = null, max_queue_size = null, keep_in_progress = true, dry_run = false } = req.body || {};
  const actor_user_id = req.user?.id; // assume auth middleware

  try {
    if (dry_run) {
      // Optional: implement by copying the SQL CTEs into a SELECT-only to compute counts.
      // For now, call the function in a rolled-back tx (requires a service-level txn wrapper) or omit.
      return res.json({ preview_only: true, note: 'Implement dry-run preview SELECT here.' });
    }

    const { rows } = await pool.query(
      `SELECT queue_replace($1,$2,$3,$4,$5,$6,$7) AS result`,
      [
        campaignId,
        agent_id,
        actor_user_id,
        filters.first_name_contains || null,
        per_account_cap,
        max_queue_size,
        keep_in_progress
      ]
    );
    return res.json(rows[0].result);
  } catch (e) {
    console.error('[queues:set]', e);
    return res.status(500).json({ error: 'queue_replace_failed', detail: e.message });
  }
});

router.post('/campaigns/:campaignId/queues/clear', async (req, res) => {
  if (!isEnabled('queue_replace_v1')) return res.status(404).json({error:'not_found'});
  const campaignId = req.params.campaignId;
  const { agent_id } = req.body || {};
  const actor_user_id = req.user?.id;
  try {
    const { rows } = await pool.query(
      `SELECT clear_my_queue($1,$2,$3) AS released`,
      [campaignId, agent_id, actor_user_id]
    );
    return res.json({ released: rows[0].released });
  } catch (e) {
    console.error('[queues:clear]', e);
    return res.status(500).json({ error: 'clear_my_queue_failed', detail: e.message });
  }
});

router.post('/campaigns/:campaignId/queues/clear_all', requireRole('admin'), async (req, res) => {
  if (!isEnabled('queue_replace_v1')) return res.status(404).json({error:'not_found'});
  const campaignId = req.params.campaignId;
  const actor_user_id = req.user?.id;
  try {
    const { rows } = await pool.query(
      `SELECT clear_all_queues($1,$2) AS released`,
      [campaignId, actor_user_id]
    );
    return res.json({ released: rows[0].released });
  } catch (e) {
    console.error('[queues:clear_all]', e);
    return res.status(500).json({ error: 'clear_all_queues_failed', detail: e.message });
  }
});

module.exports = router;
