// app.js
const express = require('express');
const app = express();
app.use(express.json());
app.use((req, res, next) => {
  // Stands for the host's authentication, which sets req.user.id.
  const id = req.get('X-User-Id');
  if (id) req.user = { id };
  next();
});
app.use(require('./routes/queues'));

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
