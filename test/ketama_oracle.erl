%% libketama's algorithm in plain Erlang, written to be read. The tests hold the NIF against it.
-module(ketama_oracle).

-export([new/1, points/1, getserver/2, point/2]).

%% A ring is the tuple of its {Point, Server}, ascending.
new(Servers) ->
    N = length(Servers),
    Total = lists:sum([Weight || {_, Weight} <- Servers]),
    Points = [
        {Point, Name}
     || {Name, Weight} <- Servers,
        Block <- lists:seq(0, blocks(Weight, Total, N) - 1),
        Point <- words(erlang:md5([Name, "-", integer_to_list(Block)]))
    ],
    %% keysort is stable: at equal points the earlier server comes first.
    list_to_tuple(lists:keysort(1, Points)).

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

%% libketama's mix of float and double. Exact for weights below 2^53, which a double holds.
blocks(Weight, Total, N) ->
    Part = float32(float32(Weight) / float32(Total)),
    trunc(float32(Part * 40.0 * float32(N))).

float32(Number) ->
    <<Float:32/float>> = <<Number:32/float>>,
    Float.
