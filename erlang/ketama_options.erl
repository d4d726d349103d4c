%% @private Options, given as a map or as a list of pairs.
%%
%% Which client takes which of them, the shared library knows.
-module(ketama_options).

-export([to_map/1, except/1]).

%% Raises badarg for what is neither, and where an option occurs twice.
-spec to_map(map() | [{atom(), term()}]) -> map().
to_map(Options) when is_map(Options) ->
    Options;
to_map(Options) when is_list(Options) ->
    Map = maps:from_list(Options),
    map_size(Map) =:= length(Options) orelse error(badarg, [Options]),
    Map;
to_map(Options) ->
    error(badarg, [Options]).

%% The names of the servers that a lookup passes over.
-spec except(ketama:lookup_options()) -> [binary()].
except(Options) ->
    case maps:to_list(to_map(Options)) of
        [] -> [];
        [{except, Servers}] when is_list(Servers) -> ketama_source:binaries(Servers);
        _ -> error(badarg, [Options])
    end.
