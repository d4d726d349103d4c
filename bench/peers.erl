%% Other libraries that find the server of a key: one clause each, used if their modules are on the code path.
%%
%% They have hashes of their own, so their answers are not those of a memcached client. Each gets as many points as
%% libketama's ring has.
-module(peers).

-export([all/0]).

-include("loop.hrl").

-define(POINTS, 160).

%% {Name, Make, Loop} of each library that is there: Make makes its ring from server names, Loop looks keys up.
-spec all() -> [{string(), fun(([binary()]) -> term()), fun((term(), [binary()]) -> ok)}].
all() ->
    [
        {Name, New, Loop}
     || {Name, Module, New, Loop} <- [
            {"ex_hash_ring", 'Elixir.ExHashRing.Ring', fun new_ex_hash_ring/1, fun ex_hash_ring/2},
            {"libring", 'Elixir.HashRing', fun new_libring/1, fun libring/2},
            {"hash_ring", hash_ring, fun new_hash_ring/1, fun hash_ring/2}
        ],
        code:which(Module) =/= non_existing
    ].

new_ex_hash_ring(Names) ->
    %% The table of its rings, which its application starts.
    _ = 'Elixir.ExHashRing.Info':start_link(),
    {ok, Ring} = 'Elixir.ExHashRing.Ring':start_link([{nodes, Names}, {replicas, ?POINTS}]),
    Ring.

?LOOP(ex_hash_ring, {ok, _} = 'Elixir.ExHashRing.Ring':find_node(C, K)).

new_libring(Names) ->
    'Elixir.HashRing':add_nodes('Elixir.HashRing':new(), [{Name, ?POINTS} || Name <- Names]).

?LOOP(libring, 'Elixir.HashRing':key_to_node(C, K)).

new_hash_ring(Names) ->
    hash_ring:make(hash_ring:list_to_nodes(Names), [{virtual_node_count, ?POINTS}]).

?LOOP(hash_ring, {ok, _} = hash_ring:find_node(K, C)).
