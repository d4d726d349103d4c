%% @private Names of continua: what the shared library keeps of each.
-module(ketama_name).

-export([put/3, info/1, find/1]).

%% @doc Gives the name to the continuum. The one that had it is the previous one now.
-spec put(ketama:name(), ketama:continuum(), Origin :: term()) -> ok.
put(Name, Continuum, Origin) ->
    ketama_nif:put(Name, Continuum, term_to_binary(Origin), erlang:system_time()).

%% @doc As of ketama_nif, with the source of the continuum, and since when it has the name.
-spec info(ketama:name()) -> #{source := term(), since := integer(), _ => _}.
info(Name) ->
    {Continuum, Source, Since} = ketama_nif:history(Name),
    Info = ketama_nif:info(Continuum),
    Info#{source => binary_to_term(Source), since => Since}.

%% @doc The continuum that has the name, if there is one.
-spec find(ketama:name()) -> ketama:continuum() | undefined.
find(Name) ->
    try
        ketama_nif:continuum(Name)
    catch
        error:{not_started, Name} -> undefined
    end.
