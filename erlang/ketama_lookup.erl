%% @private Looks up keys, which are any iodata; the shared library takes binaries.
%%
%% A long call must run on a dirty scheduler. The library decides that by the number of keys and their bytes in all,
%% before it looks at a key: a binary that does not start at a byte boundary is copied when it is looked at. The
%% numbers are counted here, by functions of the VM that yield in a long list.
-module(ketama_lookup).

-export([getserver/2, getservers/3, group/3, replicas/3, moved/3, hash/1, hash/2]).
-export([binaries/1, are_iodata/1]).

%% The library takes a key of at most this many bytes as it is, without being told its size. memcached's keys have
%% at most 250.
-define(SHORT, 512).

%% More than any continuum has servers, and an integer that the library can read.
-define(ALL_SERVERS, 1 bsl 32).

-spec getserver(ketama:ring(), ketama:key()) -> ketama:server().
getserver(Ring, Key) when byte_size(Key) =< ?SHORT ->
    ketama_nif:getserver(Ring, Key);
getserver(Ring, Key) ->
    case iolist_to_binary(Key) of
        Short when byte_size(Short) =< ?SHORT -> ketama_nif:getserver(Ring, Short);
        Long -> hd(getservers(Ring, [Long], []))
    end.

%% Lookups pass over the servers in Except.
-spec getservers(ketama:ring(), [ketama:key()], Except :: [binary()]) -> [ketama:server()].
getservers(Ring, [Key], []) when is_binary(Key), byte_size(Key) =< ?SHORT ->
    [ketama_nif:getserver(Ring, Key)];
getservers(Ring, Keys, Except) ->
    Count = length(Keys),
    Bytes = iolist_size([Except | Keys]),
    case ketama_nif:getservers(Ring, Keys, Except, Count, Bytes) of
        not_binaries -> ketama_nif:getservers(Ring, binaries(Keys), Except, Count, Bytes);
        Servers -> Servers
    end.

-spec group(ketama:ring(), [Key], Except :: [binary()]) -> #{ketama:server() => [Key]} when Key :: ketama:key().
group(Ring, [Key], []) when is_binary(Key), byte_size(Key) =< ?SHORT ->
    #{ketama_nif:getserver(Ring, Key) => [Key]};
group(Ring, Keys, Except) ->
    Count = length(Keys),
    Bytes = iolist_size([Except | Keys]),
    case ketama_nif:group(Ring, Keys, Keys, Except, Count, Bytes) of
        not_binaries -> ketama_nif:group(Ring, Keys, binaries(Keys), Except, Count, Bytes);
        Groups -> Groups
    end.

-spec replicas(ketama:ring(), ketama:key(), N :: non_neg_integer()) -> [ketama:server()].
replicas(Ring, Key, N) when is_integer(N), N >= 0 ->
    Binary = iolist_to_binary(Key),
    ketama_nif:replicas(Ring, Binary, byte_size(Binary), min(N, ?ALL_SERVERS));
replicas(Ring, Key, N) ->
    error(badarg, [Ring, Key, N]).

-spec moved(ketama:ring() | undefined, ketama:ring(), [Key]) -> #{ketama:server() => [Key]} when
    Key :: ketama:key().
moved(undefined, New, Keys) ->
    %% For the errors that the other clause raises.
    _ = getservers(New, Keys, []),
    #{};
moved(Old, New, Keys) ->
    Owners = lists:zip3(Keys, getservers(Old, Keys, []), getservers(New, Keys, [])),
    lists:foldr(
        fun
            ({_Key, Same, Same}, Moved) -> Moved;
            ({Key, Former, _}, Moved) -> Moved#{Former => [Key | maps:get(Former, Moved, [])]}
        end,
        #{},
        Owners
    ).

-spec hash(ketama:key()) -> ketama:hash().
hash(Key) ->
    Binary = iolist_to_binary(Key),
    ketama_nif:hash(Binary, byte_size(Binary)).

-spec hash(ketama:ring(), ketama:key()) -> ketama:hash().
hash(Ring, Key) ->
    Binary = iolist_to_binary(Key),
    ketama_nif:hash(Ring, Binary, byte_size(Binary)).

%% @doc Flattens each element of a list of iodata.
-spec binaries([iodata()]) -> [binary()].
binaries([Data | More]) -> [iolist_to_binary(Data) | binaries(More)];
binaries([]) -> [];
binaries(Tail) -> error(badarg, [Tail]).

%% @doc Whether a term is a list of iodata.
-spec are_iodata(term()) -> boolean().
are_iodata(Term) ->
    try binaries(Term) of
        _ -> true
    catch
        error:_ -> false
    end.
