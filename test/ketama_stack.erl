%% Calls every function that uses the shared library, on a continuum of every dialect and key hash, on normal and dirty
%% schedulers. test/stack.sh runs it with little stack.
-module(ketama_stack).

-export([main/0]).

%% More keys and bytes than a normal scheduler takes in one call.
-define(MANY, [integer_to_binary(I) || I <- lists:seq(1, 2000)]).
-define(LONG, binary:copy(<<"k">>, 100000)).

main() ->
    Rings = [{Dialect, Hash} || {Dialect, Hashes} <- ketama_nif:dialects(), Hash <- Hashes],
    [each(#{dialect => Dialect, hash => Hash}) || {Dialect, Hash} <- Rings],
    io:format("~b rings~n", [length(Rings)]).

each(Options) ->
    Names = [<<"10.0.0.", (integer_to_binary(I))/binary, ":11211">> || I <- lists:seq(1, 40)],
    {ok, Ring} = ketama:new(Names, Options),
    {ok, Same} = ketama_test:with_file([[Name, "\t1\n"] || Name <- Names], fun(File) -> ketama:new(File, Options) end),
    {error, no_servers} = ketama:new([], Options),
    {error, {invalid_server, _}} = ketama:new([{"a", 0}], Options),
    {+0.0, []} = ketama:diff(Ring, Same),
    #{fingerprint := Mapping, servers := 40} = ketama:info(Ring),
    #{fingerprint := Mapping} = ketama:info(Same),
    Points = length(ketama:points(Ring)),
    Points = lists:sum([Count || {_, _, Count} <- ketama:servers(Ring)]),
    40 = length(ketama:shares(Ring)),
    [look_up(Ring, Names, Keys) || Keys <- [[<<"k">>], lists:sublist(?MANY, 100), ?MANY, [?LONG, <<"k">>, <<"l">>]]],
    ok = named(Names, Options).

look_up(Ring, [First | _] = Names, Keys) ->
    Servers = ketama:getservers(Ring, Keys),
    Servers = [ketama:getserver(Ring, Key) || Key <- Keys],
    Servers = [Server || Key <- Keys, [Server] <- [ketama:replicas(Ring, Key, 1)]],
    Others = ketama:getservers(Ring, Keys, #{except => [First]}),
    Others = [ketama:getserver(Ring, Key, #{except => [First]}) || Key <- Keys],
    Groups = ketama:group(Ring, Keys),
    true = lists:sort(Keys) =:= lists:sort(lists:append(maps:values(Groups))),
    false = maps:is_key(First, ketama:group(Ring, Keys, #{except => [First]})),
    true = lists:sort(Names) =:= lists:sort(ketama:replicas(Ring, hd(Keys), 40)),
    true = lists:all(fun(Key) -> is_integer(ketama:hash(Ring, Key)) andalso is_integer(ketama:hash(Key)) end, Keys).

%% A name, and its previous ring.
named([First | Others] = Names, Options) ->
    ignore = ketama:start_link(Names, Options),
    Ring = ketama:continuum(ketama),
    ignore = ketama:start_link(Others, Options),
    Ring = ketama:previous(ketama),
    [ketama] = ketama:names(),
    #{servers := 39, fingerprint := Mapping} = ketama:info(ketama),
    {ok, Without} = ketama:without(Ring, [First]),
    #{fingerprint := Mapping} = ketama:info(Without),
    Moved = lists:append(maps:values(ketama:moved(Ring, ketama, ?MANY))),
    Moved = Moved -- [Key || Key <- ?MANY, ketama:getserver(Ring, Key) =:= ketama:getserver(ketama, Key)],
    {Share, Moves} = ketama:diff(Ring, Without),
    true = (Share > 0) =:= (Moves =/= []),
    ketama:stop(ketama).
