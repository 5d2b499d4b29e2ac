// Command centrifuge-peer is the smallest server on the centrifuge library that does the benchmark's job: clients
// publish to a channel of two, or of a group, and the publication is acknowledged to the sender and delivered to
// the subscribers, with its offset in the channel's history. History is kept in memory (the library's default
// broker): nothing is durable.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
)

// A channel keeps this many publications, so that memory does not grow without end under load.
const historySize = 1000

const historyLifetime = 10 * time.Minute

func main() {
	port := flag.Int("port", 0, "TCP port on loopback; 0: any")
	flag.Parse()

	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError})
	if err != nil {
		log.Fatal(err)
	}
	// Anybody may connect, under the name that they give: the job is to carry messages, not to check tokens.
	node.OnConnecting(func(_ context.Context, event centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: event.Name}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			// Recovery gives each publication its offset, the counterpart of our seq.
			reply(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true}}, nil)
		})
		client.OnPublish(func(_ centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			history := centrifuge.PublishOptions{HistorySize: historySize, HistoryTTL: historyLifetime}
			reply(centrifuge.PublishReply{Options: history}, nil)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:        func(*http.Request) bool { return true },
		UseWriteBufferPool: true,
	}))
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	go func() { log.Fatal(http.Serve(listener, mux)) }()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}
