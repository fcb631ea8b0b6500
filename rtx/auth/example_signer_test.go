package auth_test

import (
	"context"
	"fmt"
	"log"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A signature is for one connection and one channel.
func ExampleNewSigner() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	grant, err := signer.Private("socket-1", "private-orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grant.Auth)
	fmt.Println(signer.Verify("socket-1", "private-orders", grant))
	fmt.Println(signer.Verify("socket-2", "private-orders", grant))
	fmt.Println(grant) // without the signature
	// Output:
	// app-key:db2e124463f11abc4e75966e9edba70efb7255957dac384fb045fa69f2cf47ab
	// true
	// false
	// auth.Grant{Auth:[redacted] ChannelData:[0 bytes]}
}

// On a presence channel it is also for one member.
func ExampleSigner_Presence() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := auth.Member{ID: "ann", Info: map[string]string{"name": "Ann"}}
	data, err := ann.ChannelData()
	if err != nil {
		fmt.Println(err)
		return
	}
	grant, err := signer.Presence("socket-1", "presence-lobby", data)
	fmt.Println(grant.ChannelData, err)

	_, err = signer.Presence("socket-1", "presence-lobby", `{"user_id":9007199254740993}`)
	fmt.Println(err)
	// Output:
	// {"user_id":"ann","user_info":{"name":"Ann"}} <nil>
	// auth: user_id: a number that JavaScript, and so the service, takes for another one: send it as a string
}

// A backend that is itself a client signs for itself.
func ExampleSigner_Authorizer() {
	server, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()),
		rtx.WithAuth(server.Signer().Authorizer(auth.Member{ID: "backend"})))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	if _, err := client.Channel("presence-lobby").Subscribe(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Members("presence-lobby"))
	// Output: [backend]
}

// A secret in a struct that is logged.
func ExampleNewSecret() {
	config := struct {
		Host   string
		Secret auth.Secret
	}{"example.com", auth.NewSecret("app-secret")}
	fmt.Printf("%+v\n", config)
	fmt.Println(config.Secret.Reveal() == "app-secret")
	// Output:
	// {Host:example.com Secret:[redacted]}
	// true
}

// While the secret of an app is being replaced, what was signed with the old one is still good.
func ExampleWithPrevious() {
	old, err := auth.NewSigner("app-key", "old-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	grant, err := old.Private("socket-1", "private-orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	signer, err := auth.NewSigner("app-key", "new-secret", auth.WithPrevious("app-key", "old-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(signer.Verify("socket-1", "private-orders", grant))
	// Output: true
}

// A Signer that is in use gets a new secret, and a Handler that has it signs with that at once.
func ExampleSigner_Rotate() {
	signer, err := auth.NewSigner("app-key", "old-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	old, err := signer.Private("socket-1", "private-orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 { // the second call ends the time of the old secret
		if err := signer.Rotate("app-key", "new-secret"); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(signer.Verify("socket-1", "private-orders", old))
	}
	// Output:
	// true
	// false
}
