exports.sweep = (_request, response) => response.status(204).end();
