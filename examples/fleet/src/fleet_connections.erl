%% @private The connections of all pools: a supervisor with a child for each server of each pool, and a table
%% that says which servers are up.
%%
%% A pool has connections to the servers of its ring and of the previous ring, where keys are still read. A new server
%% gets its connection before the ring names it. One that leaves keeps its connection until the next change.
-module(fleet_connections).

-behaviour(supervisor).

-export([new_table/0, start_link/0, before_change/3, after_change/3]).
-export([find/2, down/1, report/2]).
-export([init/1]).

-export_type([id/0, status/0]).

-type id() :: {ketama:name(), ketama:server()}.
-type status() :: pid() | {down, Reason :: term()}.

%% @doc Makes the table, which the calling process owns.
-spec new_table() -> ok.
new_table() ->
    ?MODULE = ets:new(?MODULE, [named_table, public, {read_concurrency, true}]),
    ok.

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), []}}.
init([]) ->
    {ok, {#{strategy => one_for_one, intensity => 10, period => 10}, []}}.

%% @doc Opens the connections that are missing, and waits until each of them is up or has failed once.
-spec before_change(ketama:name(), ketama:continuum() | undefined, ketama:continuum()) -> ok.
before_change(Pool, Old, New) ->
    Opened = [Pid || Server <- needed(Old, New), {ok, Pid} <- [open({Pool, Server})]],
    lists:foreach(fun fleet_connection:await/1, Opened).

%% @doc Closes the connections that neither ring needs.
-spec after_change(ketama:name(), ketama:continuum() | undefined, ketama:continuum()) -> ok.
after_change(Pool, Old, New) ->
    Open = [Server || [Server] <- ets:match(?MODULE, {{Pool, '$1'}, '_'})],
    lists:foreach(fun(Server) -> close({Pool, Server}) end, Open -- needed(Old, New)).

%% @doc The connection of a server, or why it has none.
-spec find(ketama:name(), ketama:server()) -> status().
find(Pool, Server) ->
    case ets:lookup(?MODULE, {Pool, Server}) of
        [{_, Status}] -> Status;
        [] -> {down, no_connection}
    end.

%% @doc The servers of a pool that are down.
-spec down(ketama:name()) -> [ketama:server()].
down(Pool) ->
    [Server || [Server] <- ets:match(?MODULE, {{Pool, '$1'}, {down, '_'}})].

%% @doc Records the state of a connection, which the connection reports.
-spec report(id(), status()) -> true.
report(Id, Status) ->
    ets:insert(?MODULE, {Id, Status}).

needed(undefined, New) ->
    lists:usort([Server || {Server, _Weight, _Points} <- ketama:servers(New)]);
needed(Old, New) ->
    lists:umerge(needed(undefined, Old), needed(undefined, New)).

%% The supervisor refuses an id that it already has, so no server gets a second connection.
open(Id) ->
    Start = {fleet_connection, start_link, [Id]},
    case supervisor:start_child(?MODULE, #{id => Id, start => Start}) of
        {ok, Pid} -> {ok, Pid};
        {error, {already_started, _}} -> open;
        %% A callback was killed between the two steps of closing the connection.
        {error, already_present} -> supervisor:restart_child(?MODULE, Id)
    end.

close(Id) ->
    _ = supervisor:terminate_child(?MODULE, Id),
    _ = supervisor:delete_child(?MODULE, Id),
    ets:delete(?MODULE, Id).
