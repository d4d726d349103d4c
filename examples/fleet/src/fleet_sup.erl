%% @private The top of the tree: first the connections, then a watcher for each pool.
%%
%% A watcher opens connections while it starts, so their supervisor starts before it. When that supervisor dies, its
%% connections die with it: `rest_for_one' then also restarts the watchers, which open them again.
-module(fleet_sup).

-behaviour(supervisor).

-export([start_link/0]).
-export([init/1]).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    %% Made here, so that lookups find the table while the connections are restarted.
    ok = fleet_connections:new_table(),
    {ok, Pools} = application:get_env(fleet, pools),
    {ok, {#{strategy => rest_for_one}, [connections() | [watcher(Pool) || Pool <- Pools]]}}.

connections() ->
    #{id => fleet_connections, type => supervisor, start => {fleet_connections, start_link, []}}.

watcher(Pool) ->
    ketama_watcher:child_spec(Pool#{
        before_change => fun fleet_connections:before_change/3,
        after_change => fun fleet_connections:after_change/3
    }).
