%% The rings of libketama and of the other clients in plain Erlang, written to be read. The tests hold the NIF against it.
-module(ketama_oracle).

-export([new/1, new/2, points/1, getserver/2, point/2]).

%% A ring is the tuple of its {Point, Server}, ascending.
new(Servers) ->
    new(Servers, libketama).

new(Servers, Dialect) ->
    N = length(Servers),
    Weights = [Weight || {_, Weight} <- Servers],
    Points = [
        {Point, Name}
     || {Name, Weight} <- Servers,
        Block <- lists:seq(0, blocks(Dialect, Weight, Weights, N) - 1),
        Point <- words(erlang:md5([label(Dialect, Name), "-", integer_to_list(Block)]))
    ],
    %% keysort is stable: at equal points the earlier server comes first.
    list_to_tuple(
        lists:keysort(1, case Dialect of spymemcached -> lists:reverse(Points); _ -> Points end)
    ).

points(Ring) ->
    tuple_to_list(Ring).

getserver(Ring, Key) ->
    {_, Server} = point(Ring, Key),
    Server.

%% The first point that is not below the key's hash, or the first of all.
point(Ring, Key) ->
    [Hash | _] = words(erlang:md5(Key)),
    case first(Ring, Hash, 1, tuple_size(Ring) + 1) of
        Past when Past > tuple_size(Ring) -> element(1, Ring);
        Index -> element(Index, Ring)
    end.

first(_Ring, _Hash, Low, Low) ->
    Low;
first(Ring, Hash, Low, High) ->
    Middle = (Low + High) div 2,
    case element(1, element(Middle, Ring)) < Hash of
        true -> first(Ring, Hash, Middle + 1, High);
        false -> first(Ring, Hash, Low, Middle)
    end.

words(Digest) ->
    [Word || <<Word:32/little>> <= Digest].

label(libketama, Name) -> Name;
label(spymemcached, Name) -> re:replace(Name, "^/", "");
label(_, Name) -> re:replace(Name, ":11211$", "").

%% Each client's mix of float and double. Exact for weights below 2^53, which a double holds.
blocks(spymemcached, Weight, Weights, N) ->
    case lists:usort(Weights) of
        [Weight] -> 40;
        _ -> blocks(twemproxy, Weight, Weights, N)
    end;
blocks(Dialect, Weight, Weights, N) ->
    Part = float32(float32(Weight) / float32(lists:sum(Weights))),
    Single = float32(float32(float32(Part * 160) / 4) * N),
    trunc(
        float32(
            case Dialect of
                libketama -> Part * 40.0 * float32(N);
                libmemcached -> Single + float32(1.0e-10);
                twemproxy -> Single + 1.0e-10
            end
        )
    ).

float32(Number) ->
    <<Float:32/float>> = <<Number:32/float>>,
    Float.
