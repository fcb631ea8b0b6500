// Package contract holds the API of the console against its description, openapi.yaml, by a library
// that validates requests and answers.
package contract
