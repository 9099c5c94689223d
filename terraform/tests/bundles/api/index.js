exports.api = (_request, response) => response.status(204).end();
