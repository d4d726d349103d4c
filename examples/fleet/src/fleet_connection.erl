%% @private The connection to one server: a process that sends one request after the other.
%%
%% Its mailbox is the queue. A lost connection is retried every second until it works; meanwhile the table of
%% {@link fleet_connections} says why the server is down, and nobody waits for it.
-module(fleet_connection).

-behaviour(gen_server).

-export([start_link/1, await/1, send/3, receive_answer/2]).
-export([init/1, handle_continue/2, handle_call/3, handle_cast/2, handle_info/2]).

-export_type([sent/0]).

%% In milliseconds.
-define(RECONNECT, 1000).

-record(connection, {
    id :: fleet_connections:id(),
    socket :: gen_tcp:socket() | {down, Reason :: term()}
}).

-opaque sent() :: gen_server:request_id() | {error, term()}.

-spec start_link(fleet_connections:id()) -> {ok, pid()} | {error, term()}.
start_link(Id) ->
    gen_server:start_link(?MODULE, Id, []).

%% @doc Returns when the connection is up or has failed once.
-spec await(pid()) -> ok.
await(Pid) ->
    gen_server:call(Pid, await).

%% @doc Sends a request without waiting for the answer, so that several servers can work at the same time.
-spec send(ketama:name(), ketama:server(), fleet_memcached:request()) -> sent().
send(Pool, Server, Request) ->
    case fleet_connections:find(Pool, Server) of
        {down, Reason} -> {error, Reason};
        Pid -> gen_server:send_request(Pid, Request)
    end.

%% @doc Waits for the answer, until a deadline in monotonic milliseconds.
-spec receive_answer(sent(), integer()) -> {ok, term()} | {error, term()}.
receive_answer({error, Reason}, _Until) ->
    {error, Reason};
receive_answer(Sent, Until) ->
    case gen_server:receive_response(Sent, {abs, Until}) of
        {reply, Answer} -> Answer;
        timeout -> {error, timeout};
        {error, {Reason, _Pid}} -> {error, Reason}
    end.

-spec init(fleet_connections:id()) -> {ok, #connection{}, {continue, connect}}.
init(Id) ->
    Status = {down, connecting},
    true = fleet_connections:report(Id, Status),
    {ok, #connection{id = Id, socket = Status}, {continue, connect}}.

handle_continue(connect, Connection) ->
    {noreply, connect(Connection)}.

handle_call(await, _From, Connection) ->
    {reply, ok, Connection};
handle_call(_Request, _From, #connection{socket = {down, Reason}} = Connection) ->
    {reply, {error, Reason}, Connection};
handle_call(Request, _From, #connection{socket = Socket} = Connection) ->
    case fleet_memcached:ask(Socket, Request) of
        {ok, Answer} -> {reply, {ok, Answer}, Connection};
        {error, Reason} -> {reply, {error, Reason}, lost(Reason, Connection)}
    end.

handle_cast(_Message, Connection) ->
    {noreply, Connection}.

handle_info(connect, Connection) ->
    {noreply, connect(Connection)};
handle_info({tcp_closed, Socket}, #connection{socket = Socket} = Connection) ->
    {noreply, lost(closed, Connection)};
handle_info({tcp_error, Socket, Reason}, #connection{socket = Socket} = Connection) ->
    {noreply, lost(Reason, Connection)};
handle_info({tcp, Socket, _Unasked}, #connection{socket = Socket} = Connection) ->
    {noreply, lost(unasked, Connection)};
%% A late message of a former socket.
handle_info(_Message, Connection) ->
    {noreply, Connection}.

connect(#connection{id = {_Pool, Server} = Id} = Connection) ->
    case fleet_memcached:connect(Server) of
        {ok, Socket} ->
            true = fleet_connections:report(Id, self()),
            Connection#connection{socket = Socket};
        {error, Reason} ->
            down(Reason, Connection)
    end.

lost(Reason, #connection{socket = Socket} = Connection) ->
    %% After an error, the rest of an answer may still arrive on this socket.
    ok = gen_tcp:close(Socket),
    down(Reason, Connection).

down(Reason, #connection{id = Id} = Connection) ->
    Status = {down, Reason},
    true = fleet_connections:report(Id, Status),
    _ = erlang:send_after(?RECONNECT, self(), connect),
    Connection#connection{socket = Status}.
