// Swagger UI on this service's own description. No validator: that would send the description to somebody else.
SwaggerUIBundle({
  url: 'openapi.json', dom_id: '#docs', validatorUrl: null, deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0,
  displayRequestDuration: true, tryItOutEnabled: false, syntaxHighlight: { theme: 'idea' },
});
