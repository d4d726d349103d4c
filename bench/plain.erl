%% libketama's algorithm in plain Erlang, written to be fast: the baseline of the benchmark.
-module(plain).

-export([new/1, getserver/2]).

%% The points and the servers that own them, each a tuple in ascending order of the points.
new(Servers) ->
    N = length(Servers),
    Total = lists:sum([Weight || {_, Weight} <- Servers]),
    Points = points(Servers, Total, N, 0),
    Owners = list_to_tuple([Name || {Name, _} <- Servers]),
    Sorted = lists:sort(Points),
    {
        list_to_tuple([Point bsr 32 || Point <- Sorted]),
        list_to_tuple([element(1 + Point band 16#FFFFFFFF, Owners) || Point <- Sorted])
    }.

%% A point and its owner as one integer, which sorts faster than a tuple of them.
points([{Name, Weight} | Servers], Total, N, Owner) ->
    Label = <<Name/binary, $->>,
    [
        Point bsl 32 bor Owner
     || Block <- lists:seq(0, blocks(Weight, Total, N) - 1),
        <<Point:32/little>> <= erlang:md5([Label, integer_to_binary(Block)])
    ] ++ points(Servers, Total, N, Owner + 1);
points([], _Total, _N, _Owner) ->
    [].

blocks(Weight, Total, N) ->
    trunc(float32(float32(float32(Weight) / float32(Total)) * 40.0 * N)).

float32(Number) ->
    <<Float:32/float>> = <<Number:32/float>>,
    Float.

getserver({Points, Owners}, Key) ->
    <<Hash:32/little, _/binary>> = erlang:md5(Key),
    find(Points, Owners, Hash, 1, tuple_size(Points) + 1).

find(Points, Owners, Hash, Low, High) when Low < High ->
    Middle = (Low + High) bsr 1,
    case element(Middle, Points) < Hash of
        true -> find(Points, Owners, Hash, Middle + 1, High);
        false -> find(Points, Owners, Hash, Low, Middle)
    end;
find(_Points, Owners, _Hash, Low, _High) when Low =< tuple_size(Owners) ->
    element(Low, Owners);
find(_Points, Owners, _Hash, _Low, _High) ->
    element(1, Owners).
