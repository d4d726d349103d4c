%% @doc A cache on pools of memcached servers.
%%
%% A server that is down is passed over: its keys are on the next server clockwise until it is back. After a
%% change of the servers, a key that its new server does not have is read from its former one, and moves.
-module(fleet).

-export([set/3, get/2, multi_get/2]).

-export_type([key/0, value/0]).

-type key() :: binary().
%% 1 to 250 bytes without white space and control characters, as memcached requires. Others raise `badarg'.
-type value() :: binary().

%% The life of a value, in seconds. It limits how long an old value can come back: a server that was away, and then has
%% the key again, may still have it.
-define(LIFE, 3600).
%% How long a caller waits, in milliseconds, for all servers together.
-define(PATIENCE, 5000).

%% @doc Stores a value.
-spec set(ketama:name(), key(), value()) -> ok | {error, term()}.
set(Pool, Key, Value) ->
    check([Key]),
    [Server] = maps:keys(group(Pool, [Key])),
    %% The former server must not answer with an older value.
    Deletions = maps:map(fun(_, Keys) -> {delete, Keys} end, former(Pool, [Key])),
    #{Server := Answer} = ask(Pool, Deletions#{Server => {set, [{Key, Value}], ?LIFE}}),
    case Answer of
        {ok, [<<"STORED">>]} -> ok;
        {ok, [Line]} -> {error, Line};
        {error, Reason} -> {error, Reason}
    end.

%% @doc The value of a key.
-spec get(ketama:name(), key()) -> {ok, value()} | miss | {error, term()}.
get(Pool, Key) ->
    case multi_get(Pool, [Key]) of
        {#{Key := Value}, _} -> {ok, Value};
        {_, Failed} when map_size(Failed) =:= 0 -> miss;
        {_, Failed} -> {error, hd(maps:values(Failed))}
    end.

%% @doc The values that were found, and the servers that gave no answer, each with the reason. All servers
%% work at the same time.
-spec multi_get(ketama:name(), [key()]) ->
    {#{key() => value()}, Failed :: #{ketama:server() => Reason :: term()}}.
multi_get(Pool, Keys) ->
    check(Keys),
    {Found, Failed} = read(Pool, group(Pool, Keys)),
    Missing = [Key || Key <- Keys, not is_map_key(Key, Found)],
    {maps:merge(Found, move(Pool, former(Pool, Missing))), Failed}.

check(Keys) ->
    lists:all(fun fleet_memcached:is_key/1, Keys) orelse error(badarg, [Keys]).

%% Plans a request without the servers that are down. If all are down, the key's own server says why.
group(Pool, Keys) ->
    try
        ketama:group(Pool, Keys, #{except => fleet_connections:down(Pool)})
    catch
        error:no_servers -> ketama:group(Pool, Keys)
    end.

%% Groups the keys that have moved by the servers that they have left.
former(Pool, Keys) ->
    ketama:moved(ketama:previous(Pool), Pool, Keys).

read(Pool, Groups) ->
    Answers = ask(Pool, maps:map(fun(_, Keys) -> {get, Keys} end, Groups)),
    maps:fold(fun answer/3, {#{}, #{}}, Answers).

answer(_Server, {ok, Values}, {Found, Failed}) -> {maps:merge(Found, Values), Failed};
answer(Server, {error, Reason}, {Found, Failed}) -> {Found, Failed#{Server => Reason}}.

%% Moves the values of these keys from their former servers to the new ones, unless newer ones have been stored there.
%% No copy stays: another change could give the key back to that server, with an old value.
move(Pool, Former) ->
    {Values, _} = read(Pool, Former),
    Add = fun(_, Keys) -> {add, [{Key, maps:get(Key, Values)} || Key <- Keys], ?LIFE} end,
    _ = ask(Pool, maps:map(Add, group(Pool, maps:keys(Values)))),
    Delete = fun(_, Keys) -> {delete, [Key || Key <- Keys, is_map_key(Key, Values)]} end,
    _ = ask(Pool, maps:map(Delete, Former)),
    Values.

ask(Pool, Requests) ->
    Until = erlang:monotonic_time(millisecond) + ?PATIENCE,
    Sent = maps:map(fun(Server, Request) -> fleet_connection:send(Pool, Server, Request) end, Requests),
    maps:map(fun(_, Request) -> fleet_connection:receive_answer(Request, Until) end, Sent).
